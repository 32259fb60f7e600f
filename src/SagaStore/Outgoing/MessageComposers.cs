using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.SagaStore.Outgoing;

/// <summary>The composers of a process, by the reference type's full name as it is stored.</summary>
internal sealed class MessageComposers(IEnumerable<MessageComposers.Registration> registrations)
{
    private readonly Dictionary<string, Registration> _byName = registrations.ToDictionary(x => x.Reference.FullName!, StringComparer.Ordinal);

    /// <summary>The composer's name where messages of this type are composed when they are sent.</summary>
    public string? NameFor(Type messageType) => _byName.ContainsKey(messageType.FullName!) ? messageType.FullName : null;

    /// <exception cref="InvalidOperationException">No composer of that name is registered in this process.</exception>
    public Task<object?> ComposeAsync(IServiceProvider scope, string name, byte[] reference, CancellationToken cancellationToken) =>
        _byName.TryGetValue(name, out var registration)
            ? registration.ComposeAsync(scope, reference, cancellationToken)
            : throw new InvalidOperationException($"A stored message needs the composer '{name}', which this process does not have. Register it with AddMessageComposer.");

    internal sealed record Registration(Type Reference, Func<IServiceProvider, byte[], CancellationToken, Task<object?>> ComposeAsync)
    {
        public static Registration Of<TReference, TComposer>()
            where TReference : class
            where TComposer : class, IMessageComposer<TReference> =>
            new(typeof(TReference), (scope, reference, cancellationToken) =>
                scope.GetRequiredService<TComposer>().ComposeAsync(JsonSerializer.Deserialize<TReference>(reference)!, cancellationToken));
    }
}

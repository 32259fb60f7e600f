using System.Text.Json;

namespace Pipeline.ToolWorkers;

/// <summary>One call as the tool sees it: the arguments are JSON and fit the tool's schema.</summary>
public sealed record ToolCall
{
    public required Guid InvocationId { get; init; }

    /// <summary>The same on every repetition of the call: the idempotency key towards the outside.</summary>
    public required string CallId { get; init; }

    public required string Tool { get; init; }

    public required JsonElement Arguments { get; init; }

    public required string Tenant { get; init; }

    public required string Agent { get; init; }

    public required DateTimeOffset Deadline { get; init; }

    /// <summary>The arguments as <typeparamref name="T"/>, camelCase.</summary>
    public T ReadArguments<T>()
        where T : class =>
        Arguments.Deserialize<T>(JsonSerializerOptions.Web) ?? throw new InvalidOperationException($"The arguments of the call '{CallId}' are null.");
}

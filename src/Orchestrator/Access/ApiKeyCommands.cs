using MassTransit;
using Microsoft.EntityFrameworkCore;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Access;

/// <summary>Keys are made and ended by whoever may run the service's program with its database settings; no HTTP route does it.</summary>
internal static class ApiKeyCommands
{
    private const int Done = 0;
    private const int NotUnderstood = 2;

    /// <summary>Prints the key, alone, on standard output; everything else goes to standard error.</summary>
    public static async Task<int> CreateAsync(IServiceProvider services, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var tenant = ValueOf(arguments, "--tenant");
        var isOperator = arguments.Contains("--operator");
        if (isOperator == arguments.Contains("--tenant"))
        {
            return await RefuseAsync("Say either --tenant <tenant> or --operator.");
        }

        if (!isOperator && !AgentCatalog.IsName(tenant))
        {
            return await RefuseAsync($"The tenant '{tenant}' must be 1 to 64 letters, digits, '-' or '_'.");
        }

        var name = ValueOf(arguments, "--name") ?? (isOperator ? "operator" : tenant!);
        if (name.Length is 0 or > ApiKeyMap.LongestName || name.Any(char.IsControl))
        {
            return await RefuseAsync($"The name '{name}' must have 1 to {ApiKeyMap.LongestName} characters, none of them a control character.");
        }

        var secret = ApiKeySecret.Create();
        var key = new ApiKey
        {
            Id = NewId.NextGuid(),
            Name = name,
            Tenant = tenant,
            IsOperator = isOperator,
            Hash = ApiKeySecret.Hash(secret),
            CreatedAt = services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime,
        };
        var database = services.GetRequiredService<OrchestratorDbContext>();
        database.ApiKeys.Add(key);
        await database.SaveChangesAsync(cancellationToken);
        await Console.Error.WriteLineAsync($"Key '{key.Id}' of {Owner(key)}. It is shown only now:");
        Console.WriteLine(secret);
        return Done;
    }

    public static async Task<int> ListAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        await foreach (var key in services.GetRequiredService<OrchestratorDbContext>().ApiKeys.AsNoTracking().OrderBy(x => x.CreatedAt).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            Console.WriteLine($"{key.Id}\t{Owner(key)}\t{key.Name}\tcreated {key.CreatedAt:u}\t{(key.RevokedAt is { } at ? $"revoked {at:u}" : "active")}");
        }

        return Done;
    }

    public static async Task<int> RevokeAsync(IServiceProvider services, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var given = ValueOf(arguments, "--revoke-api-key");
        if (!Guid.TryParse(given, out var id))
        {
            return await RefuseAsync($"'{given}' is no key's id. --list-api-keys shows the ids.");
        }

        var now = services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime;
        var keys = services.GetRequiredService<OrchestratorDbContext>().ApiKeys;
        if (await keys.Where(x => x.Id == id && x.RevokedAt == null).ExecuteUpdateAsync(x => x.SetProperty(y => y.RevokedAt, now), cancellationToken) == 0 &&
            !await keys.AnyAsync(x => x.Id == id, cancellationToken))
        {
            return await RefuseAsync($"There is no key '{id}'. --list-api-keys shows the ids.");
        }

        Console.WriteLine($"The key '{id}' is revoked. Replicas that used it in the last {ApiKeyDirectory.Life.TotalSeconds:0} s follow within that time.");
        return Done;
    }

    private static string Owner(ApiKey key) => key.IsOperator ? "operator" : $"tenant {key.Tenant}";

    private static string? ValueOf(IReadOnlyList<string> arguments, string name)
    {
        var at = arguments.ToList().IndexOf(name);
        return at >= 0 && at + 1 < arguments.Count ? arguments[at + 1] : null;
    }

    private static async Task<int> RefuseAsync(string reason)
    {
        await Console.Error.WriteLineAsync(reason);
        return NotUnderstood;
    }
}

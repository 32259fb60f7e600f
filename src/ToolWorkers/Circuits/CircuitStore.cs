using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.ToolWorkers.Calls;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>
/// The circuits as all worker processes agree on them, in the tool workers' database. Never asked for a call while a circuit is closed or
/// open; once when a break ends. Every question has a time limit: without the database each process keeps its own circuit.
/// </summary>
internal sealed class CircuitStore(IServiceScopeFactory scopes, WorkerInstance instance, IOptions<ToolsOptions> options, TimeProvider time)
{
    private const int MaxAttempts = 5;

    public Task<List<CircuitRecord>> ReadAsync(IReadOnlyCollection<string> tools, CancellationToken cancellationToken) => LimitedAsync(
        (database, token) => database.Circuits.AsNoTracking().Where(x => tools.Contains(x.Tool)).ToListAsync(token),
        cancellationToken);

    /// <summary>Writes that the circuit opened, unless others agreed on something else than closed.</summary>
    /// <returns>What counts.</returns>
    public Task<CircuitRecord> OpenAsync(string tool, DateTimeOffset retryAt, int breaks, string? reason, CancellationToken cancellationToken) => ChangeAsync(
        tool,
        current => current is { State: not CircuitState.Closed } ? null : New(tool, CircuitState.Open, reason) with { RetryAt = retryAt, Breaks = breaks },
        cancellationToken);

    /// <summary>Ends this process's probe; without effect where its right to it has passed to another.</summary>
    /// <returns>What counts.</returns>
    public Task<CircuitRecord> EndProbeAsync(CircuitTransition change, CancellationToken cancellationToken) => ChangeAsync(
        change.Circuit.Tool.Name,
        current => current is { State: CircuitState.HalfOpen } && current.ProbeOwner == instance.Name
            ? New(current.Tool, change.State, change.Reason) with { RetryAt = change.RetryAt, Breaks = change.Breaks }
            : current is null ? New(change.Circuit.Tool.Name, change.State, change.Reason) with { RetryAt = change.RetryAt, Breaks = change.Breaks } : null,
        cancellationToken);

    /// <summary>An operator's word: it goes before everything.</summary>
    public Task<CircuitRecord> ForceAsync(string tool, CircuitState state, string? reason, CancellationToken cancellationToken) =>
        ChangeAsync(tool, _ => New(tool, state, reason), cancellationToken);

    /// <summary>Asks for the sole right to probe, for as long as <paramref name="lease"/>.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="lease">After it, another process may probe.</param>
    /// <param name="breaks">Breaks in a row, as this process counts them.</param>
    /// <param name="known">The newest version that this process has seen; a circuit that others closed since then needs no probe.</param>
    /// <param name="cancellationToken">Of the delivery.</param>
    public async Task<ProbeClaim> ClaimAsync(string tool, TimeSpan lease, int breaks, long known, CancellationToken cancellationToken)
    {
        try
        {
            var now = time.GetUtcNow();
            var record = await ChangeAsync(
                tool,
                current => current is { State: CircuitState.Isolated }
                    || (current is { State: CircuitState.Closed } && current.Version > known)
                    || (current is { State: not CircuitState.Closed } && current.RetryAt > now)
                    ? null
                    : New(tool, CircuitState.HalfOpen, null) with { RetryAt = now + lease, Breaks = current?.Breaks ?? breaks, ProbeOwner = instance.Name },
                cancellationToken);
            return new ProbeClaim(record.State == CircuitState.HalfOpen && record.ProbeOwner == instance.Name, record);
        }
        catch (Exception e) when (IsUnavailable(e) && !cancellationToken.IsCancellationRequested)
        {
            return new ProbeClaim(Granted: true, Record: null);
        }
    }

    /// <summary>True where the store did not answer, as opposed to a defect.</summary>
    public static bool IsUnavailable(Exception exception) =>
        exception is OperationCanceledException or TimeoutException || DatabaseFailure.Is(exception);

    private CircuitRecord New(string tool, CircuitState state, string? reason) => new()
    {
        Tool = tool,
        State = state,
        Since = time.GetUtcNow(),
        ChangedBy = instance.Name,
        Reason = reason is { Length: > CircuitRecord.MaxReasonLength } ? reason[..CircuitRecord.MaxReasonLength] : reason,
        Version = 1,
    };

    /// <summary>Reads, decides, writes if nobody else wrote in between; else again.</summary>
    private Task<CircuitRecord> ChangeAsync(string tool, Func<CircuitRecord?, CircuitRecord?> decide, CancellationToken cancellationToken) => LimitedAsync(
        async (database, token) =>
        {
            for (var attempt = 1; ; attempt++)
            {
                var current = await database.Circuits.AsNoTracking().SingleOrDefaultAsync(x => x.Tool == tool, token);
                if (decide(current) is not { } changed)
                {
                    return current ?? throw new InvalidOperationException($"The circuit of '{tool}' has no record and none was decided on.");
                }

                changed = changed with { Version = (current?.Version ?? 0) + 1 };
                if (current is null ? await InsertedAsync(database, changed, token) : await UpdatedAsync(database, current, changed, token))
                {
                    return changed;
                }

                if (attempt == MaxAttempts)
                {
                    throw new TimeoutException($"The circuit of '{tool}' was changed by others {MaxAttempts} times while this process tried to. It is tried again.");
                }
            }
        },
        cancellationToken);

    private static async Task<bool> InsertedAsync(ToolWorkersDbContext database, CircuitRecord record, CancellationToken cancellationToken)
    {
        database.Circuits.Add(record);
        try
        {
            await database.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateException e) when (DatabaseConflict.Is(e))
        {
            return false;
        }
        finally
        {
            database.ChangeTracker.Clear();
        }
    }

    private static async Task<bool> UpdatedAsync(ToolWorkersDbContext database, CircuitRecord read, CircuitRecord record, CancellationToken cancellationToken)
    {
        try
        {
            return await database.Circuits.Where(x => x.Tool == read.Tool && x.Version == read.Version).ExecuteUpdateAsync(
                set => set
                    .SetProperty(x => x.State, record.State)
                    .SetProperty(x => x.Since, record.Since)
                    .SetProperty(x => x.RetryAt, record.RetryAt)
                    .SetProperty(x => x.Breaks, record.Breaks)
                    .SetProperty(x => x.ProbeOwner, record.ProbeOwner)
                    .SetProperty(x => x.ChangedBy, record.ChangedBy)
                    .SetProperty(x => x.Reason, record.Reason)
                    .SetProperty(x => x.Version, record.Version),
                cancellationToken) == 1;
        }
        catch (DbException e) when (DatabaseConflict.Is(e))
        {
            return false;
        }
    }

    private async Task<T> LimitedAsync<T>(Func<ToolWorkersDbContext, CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Value.CircuitStoreTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await using var scope = scopes.CreateAsyncScope();
        return await ask(scope.ServiceProvider.GetRequiredService<ToolWorkersDbContext>(), either.Token);
    }
}

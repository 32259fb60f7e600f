using Microsoft.EntityFrameworkCore;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Admission;

/// <summary>
/// Takes and gives back slots within the transaction that accepts or ends an invocation: what does not commit has not happened, so a
/// crash at any point leaves no slot behind. The row is locked from here to the commit, which makes the count exact over all replicas.
/// </summary>
internal static class AdmissionSlots
{
    /// <exception cref="AgentFullException">As many as <paramref name="limit"/> are open.</exception>
    public static async Task TakeAsync(OrchestratorDbContext database, string agent, int limit, CancellationToken cancellationToken)
    {
        if (await database.AgentAdmissions.Where(x => x.Agent == agent && x.Open < limit).ExecuteUpdateAsync(x => x.SetProperty(y => y.Open, y => y.Open + 1), cancellationToken) == 0)
        {
            throw new AgentFullException(agent, limit);
        }
    }

    public static Task GiveBackAsync(OrchestratorDbContext database, string agent, CancellationToken cancellationToken) =>
        database.AgentAdmissions.Where(x => x.Agent == agent && x.Open > 0).ExecuteUpdateAsync(x => x.SetProperty(y => y.Open, y => y.Open - 1), cancellationToken);

    /// <summary>
    /// Makes the agent's row where there is none, and sets it to what is open. Locks the row first: whoever accepts or ends an invocation
    /// meanwhile waits, so the count cannot be of yesterday when it is written.
    /// </summary>
    /// <returns>The counter before and after.</returns>
    public static async Task<(int Before, int After)> ReconcileAsync(OrchestratorDbContext database, string agent, CancellationToken cancellationToken)
    {
        if (!await database.AgentAdmissions.AnyAsync(x => x.Agent == agent, cancellationToken))
        {
            try
            {
                database.Add(new AgentAdmission { Agent = agent });
                await database.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateException)
            {
                // Another replica made it in this moment; if not, the next statement says what is wrong.
            }

            database.ChangeTracker.Clear();
        }

        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await database.AgentAdmissions.Where(x => x.Agent == agent).ExecuteUpdateAsync(x => x.SetProperty(y => y.Open, y => y.Open), cancellationToken);
        var before = await database.AgentAdmissions.Where(x => x.Agent == agent).Select(x => x.Open).SingleAsync(cancellationToken);
        var after = await database.Invocations.CountAsync(x => x.Agent == agent && x.EndedAt == null, cancellationToken);
        if (after != before)
        {
            await database.AgentAdmissions.Where(x => x.Agent == agent).ExecuteUpdateAsync(x => x.SetProperty(y => y.Open, after), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return (before, after);
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Pipeline.SagaStore.Tests.Samples;

namespace Pipeline.SagaStore.Tests;

/// <summary>Stops the next writer of an existing order between its read and its write, and lets something else happen meanwhile.</summary>
internal sealed class OvertakenWriter : SaveChangesInterceptor
{
    private Func<Task>? _meanwhile;

    /// <summary>The contexts that wrote, one entry for each attempt.</summary>
    public List<DbContextId> Writers { get; } = [];

    public void Arm(Func<Task> meanwhile) => _meanwhile = meanwhile;

    public override async ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context!.ChangeTracker.Entries<Order>().Any(x => x.State == EntityState.Modified))
        {
            Writers.Add(eventData.Context.ContextId);
            if (Interlocked.Exchange(ref _meanwhile, null) is { } meanwhile)
            {
                await meanwhile();
            }
        }

        return result;
    }
}

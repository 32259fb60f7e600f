using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;

namespace Pipeline.SagaStore.Databases;

/// <summary>
/// SQLite has one writer for a file, and its driver waits for it by blocking a thread. Writers of one process queue here instead.
/// </summary>
internal static class SqliteWriters
{
    private static readonly ConcurrentDictionary<string, SemaphoreSlim> Files = new(StringComparer.Ordinal);
    private static readonly IDisposable Nothing = new Turn(null);

    /// <summary>Waits for the file's turn; returns at once for other databases.</summary>
    public static async ValueTask<IDisposable> EnterAsync(DbContext context, CancellationToken cancellationToken)
    {
        if (context.Database.Kind() != DatabaseKind.Sqlite)
        {
            return Nothing;
        }

        var turn = Files.GetOrAdd(context.Database.GetConnectionString() ?? "", _ => new SemaphoreSlim(1, 1));
        await turn.WaitAsync(cancellationToken);
        return new Turn(turn);
    }

    private sealed class Turn(SemaphoreSlim? turn) : IDisposable
    {
        private SemaphoreSlim? _turn = turn;

        public void Dispose() => Interlocked.Exchange(ref _turn, null)?.Release();
    }
}

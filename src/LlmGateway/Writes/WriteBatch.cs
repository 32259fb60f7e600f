using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Pipeline.LlmGateway.Accounting;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Persistence;

namespace Pipeline.LlmGateway.Writes;

/// <summary>What one transaction changes. Rows are changed by their key, without being read.</summary>
internal sealed class WriteBatch(LlmGatewayDbContext database, IReadOnlyDictionary<CompletionKey, CompletionState> known)
{
    private readonly Dictionary<CompletionKey, CompletionRow> _rows = [];
    private readonly Dictionary<(CompletionKey, int), ModelCall> _calls = [];

    /// <summary>What was read of the requests in the same transaction.</summary>
    public IReadOnlyDictionary<CompletionKey, StoredRequest> Requests { get; set; } = new Dictionary<CompletionKey, StoredRequest>();

    /// <summary>A timestamp from before the commit was asked for: until then this process was the owner for certain.</summary>
    public long At { get; set; }

    /// <summary>The state that is stored already; null for a request that is new.</summary>
    public CompletionState? StateOf(CompletionKey key) =>
        known.TryGetValue(key, out var state) ? state : _rows.TryGetValue(key, out var row) ? row.State : null;

    public void Add(CompletionRow row)
    {
        database.Completions.Add(row);
        _rows[new CompletionKey(row.InvocationId, row.Turn)] = row;
    }

    public void Add(ModelCall call)
    {
        database.Calls.Add(call);
        _calls[(new CompletionKey(call.InvocationId, call.Turn), call.Attempt)] = call;
    }

    public RowChange<CompletionRow> Completion(CompletionKey key)
    {
        if (!_rows.TryGetValue(key, out var row))
        {
            row = _rows[key] = new CompletionRow { InvocationId = key.InvocationId, Turn = key.Turn };
            database.Attach(row);
        }

        return new RowChange<CompletionRow>(database, row);
    }

    public RowChange<ModelCall> Call(CompletionKey key, int attempt)
    {
        if (!_calls.TryGetValue((key, attempt), out var call))
        {
            call = _calls[(key, attempt)] = new ModelCall { InvocationId = key.InvocationId, Turn = key.Turn, Attempt = attempt };
            database.Attach(call);
        }

        return new RowChange<ModelCall>(database, call);
    }

    /// <summary>Sets columns of one row; those that are not named stay as they are.</summary>
    internal readonly struct RowChange<T>(LlmGatewayDbContext database, T row)
        where T : class
    {
        public RowChange<T> Set<TValue>(Expression<Func<T, TValue>> column, TValue value)
        {
            var entry = database.Entry(row);
            var property = entry.Property(column);
            property.CurrentValue = value;
            if (entry.State is EntityState.Unchanged or EntityState.Modified)
            {
                // Also where it equals what the stand-in had: the stored value is another.
                property.IsModified = true;
            }

            return this;
        }
    }
}

namespace Pipeline.LlmGateway.Holding;

/// <summary>The requests of one pool and one priority: a line for each tenant, the lines in the order of what their tenants were served so far.</summary>
internal sealed class Lane
{
    private readonly SortedSet<Line> _waiting = new(Line.ByService);
    private readonly Dictionary<string, Line> _lines = new(StringComparer.Ordinal);

    public int Count { get; private set; }

    public void Add(HeldRequest request, TenantService tenant)
    {
        if (!_lines.TryGetValue(request.Tenant, out var line))
        {
            line = new Line(tenant);
            _lines.Add(request.Tenant, line);
            tenant.Lines.Add((this, line));
            _waiting.Add(line);
        }

        line.Add(request);
        Count++;
    }

    public void Remove(HeldRequest request, TenantService tenant)
    {
        var line = _lines[request.Tenant];
        line.Requests.Remove(request.Place!);
        request.Place = null;
        Count--;
        if (line.Requests.Count == 0)
        {
            _waiting.Remove(line);
            _lines.Remove(request.Tenant);
            tenant.Lines.Remove((this, line));
        }
    }

    /// <summary>The first request of the tenant that was served least.</summary>
    public (HeldRequest Request, double Served)? First => _waiting.Min is { } line ? (line.Requests.First!.Value, line.Tenant.Served) : null;

    /// <summary>A tenant's place among the others depends on what it was served: take it out before that changes, and put it back after.</summary>
    public void TakeOut(Line line) => _waiting.Remove(line);

    public void PutBack(Line line) => _waiting.Add(line);

    /// <summary>A tenant's requests in one lane, oldest first.</summary>
    internal sealed class Line(TenantService tenant)
    {
        public static readonly IComparer<Line> ByService = Comparer<Line>.Create((x, y) =>
            x.Tenant.Served.CompareTo(y.Tenant.Served) is var served and not 0 ? served : x.Tenant.Number.CompareTo(y.Tenant.Number));

        public TenantService Tenant => tenant;

        public LinkedList<HeldRequest> Requests { get; } = [];

        public void Add(HeldRequest request)
        {
            // A request that comes back from a failed call is older than those that came after it.
            var after = Requests.Last;
            while (after is not null && after.Value.EnqueuedAt > request.EnqueuedAt)
            {
                after = after.Previous;
            }

            request.Place = after is null ? Requests.AddFirst(request) : Requests.AddAfter(after, request);
        }
    }
}

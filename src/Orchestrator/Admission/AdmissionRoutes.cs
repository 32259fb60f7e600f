using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Http;

namespace Pipeline.Orchestrator.Admission;

/// <summary><c>GET /queues</c>: how deep, how full, open or closed.</summary>
internal static class AdmissionRoutes
{
    public static void MapAdmission(this IEndpointRouteBuilder routes) => routes
        .MapGet("/queues", GetAsync)
        .RequireAuthorization(AccessPolicy.Operator)
        .WithSummary("How deep every queue is, and which agents take newcomers.")
        .Answers<IReadOnlyList<QueueView>>(StatusCodes.Status200OK, "One entry a queue; depths are null where the broker has not answered.");

    private static async Task<Ok<List<QueueView>>> GetAsync(QueueDepths depths, AgentLoads loads, IOptions<AdmissionOptions> options, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (var load in loads.All)
        {
            await load.RefreshAsync(isExhausted: false, cancellationToken);
        }

        return TypedResults.Ok(depths.Queues.Select(x => View(x, depths.Of(x.Name), x is { Kind: "submissions", Agent: { } agent } ? loads.Of(agent).Pacing : null, options.Value, time)).ToList());
    }

    private static QueueView View(WatchedQueue queue, QueueDepth? depth, AgentPacing? pacing, AdmissionOptions options, TimeProvider time) => new()
    {
        Queue = queue.Name,
        Kind = queue.Kind,
        Agent = queue.Agent,
        Tool = queue.Tool,
        Pool = queue.Pool,
        Ready = depth?.Ready,
        Consumers = depth?.Consumers,
        Open = pacing?.Reading.Open,
        Cap = pacing?.Limits.Cap,
        Admission = pacing is null ? null : pacing.IsClosed ? "closed" : "open",
        RetryAfterSeconds = pacing is { IsClosed: true } ? (int)Math.Clamp(Math.Ceiling(pacing.NextPlaceIn(time.GetUtcNow().UtcDateTime).TotalSeconds), 1, options.MaxRetryAfter.TotalSeconds) : null,
        DrainPerSecond = pacing?.DrainPerSecond,
    };
}

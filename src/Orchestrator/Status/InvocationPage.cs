namespace Pipeline.Orchestrator.Status;

/// <summary>One page of <c>GET /invocations</c>, newest first.</summary>
/// <param name="Items">Without <c>output</c>, which can be large; <c>GET /invocations/{id}</c> has it.</param>
/// <param name="Next">The cursor of the next page; null on the last one.</param>
public sealed record InvocationPage(IReadOnlyList<InvocationView> Items, string? Next);

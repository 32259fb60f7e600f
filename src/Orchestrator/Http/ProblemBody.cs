namespace Pipeline.Orchestrator.Http;

/// <summary>The body of a refusal.</summary>
/// <param name="Title">The code.</param>
/// <param name="Status">The HTTP status once more.</param>
/// <param name="Detail">What happened, the value, what to do; for people.</param>
/// <param name="Code">What programs read.</param>
/// <param name="InvocationId">The invocation it is about, where known.</param>
/// <param name="RetryAfterSeconds">When to come again, where that helps; also <c>Retry-After</c>.</param>
internal sealed record ProblemBody(string Title, int Status, string Detail, string Code, Guid? InvocationId, int? RetryAfterSeconds);

namespace Pipeline.ProviderSimulator.Limits;

/// <summary>Why a call was not admitted.</summary>
/// <param name="Scope">Whose limit refused it, such as <c>organisation org-a</c>.</param>
/// <param name="Dimension">The limit that refused it.</param>
/// <param name="Limit">The limit's value, per minute.</param>
/// <param name="Used">What stood against the limit.</param>
/// <param name="Requested">What the call would have taken.</param>
/// <param name="Counted">Whether it took a request all the same.</param>
/// <param name="RetryAfter">When it would have been admitted, nobody else asking; null if never.</param>
internal sealed record LimitRefusal(string Scope, LimitDimension Dimension, int Limit, int Used, int Requested, TimeSpan? RetryAfter, bool Counted = false);

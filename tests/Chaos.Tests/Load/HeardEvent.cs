namespace Pipeline.Chaos.Tests.Load;

/// <summary>One event as upstream systems hear it; the same event can be heard more than once, then with the same message id.</summary>
internal sealed record HeardEvent(string MessageId, string Name, DateTime At, bool Degraded, string? Code);

namespace Pipeline.Chaos.Tests.Checks;

/// <summary>A call as the simulated provider booked it.</summary>
internal sealed record ModelCall(string Key, Guid? Invocation, DateTime At, bool Answered);

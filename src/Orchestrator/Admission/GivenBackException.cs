namespace Pipeline.Orchestrator.Admission;

/// <summary>A submission goes back to its queue as it was: it was held as long as a delivery may be, or this process stops.</summary>
public sealed class GivenBackException(string reason) : OperationCanceledException(reason);

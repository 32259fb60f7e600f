using System.Text.Json;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>A dead letter in a list; without its body.</summary>
public record DeadLetterView(
    long Id, string Queue, string SourceQueue, string Code, string ExceptionGroup, string? Reason, string? Agent, string? Tenant, Guid? InvocationId, string? MessageId,
    string? ContentType, int BodyBytes, DateTimeOffset At, DateTimeOffset CollectedAt, string Status, DateTimeOffset? ResolvedAt, string? ResolvedBy, string? ResolvedReason, string? ReplacedBy)
{
    internal static DeadLetterView Of(DeadLetter letter) => new(
        letter.Id, letter.Queue ?? letter.SourceQueue, letter.SourceQueue, letter.Code, letter.ExceptionGroup, letter.Reason, letter.Agent, letter.Tenant, letter.InvocationId, letter.MessageId,
        letter.ContentType, letter.BodyBytes, Utc(letter.FailedAt ?? letter.CollectedAt), Utc(letter.CollectedAt), letter.Status,
        letter.ResolvedAt is { } at ? Utc(at) : null, letter.ResolvedBy, letter.ResolvedReason, letter.ReplacedBy);

    internal static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}

/// <summary>One dead letter with its headers; the body is a route of its own, because it may be anything.</summary>
public sealed record DeadLetterDetails(DeadLetterView Letter, JsonElement Properties);

/// <summary>One page; <c>Next</c> is the cursor of the next one, null on the last.</summary>
public sealed record DeadLetterPage(IReadOnlyList<DeadLetterView> Items, string? Next);

/// <summary>What failed alike.</summary>
public sealed record DeadLetterGroup(string Queue, string Code, string ExceptionGroup, string? Agent, string Status, int Count, DateTimeOffset FirstAt, DateTimeOffset LastAt, long SampleId);

/// <param name="Body">Sent in the original's place, as UTF-8; under a new message id.</param>
/// <param name="Reason">Why, for the records.</param>
public sealed record ReplayRequest(string? Body, string? Reason);

/// <param name="Filter">Which of those that wait for a decision.</param>
/// <param name="PerSecond">0.1 to 1000.</param>
/// <param name="Reason">Why, for the records.</param>
public sealed record ReplayManyRequest(DeadLetterFilter? Filter, double PerSecond, string? Reason);

/// <param name="Filter">Which of those that wait for a decision; at least one member.</param>
/// <param name="Reason">Why, for the records.</param>
public sealed record DiscardRequest(DeadLetterFilter? Filter, string? Reason);

public sealed record DiscardResult(int Discarded);

/// <summary>How far a replay of many is.</summary>
public sealed record ReplayView(Guid ReplayId, string State, double PerSecond, int Replayed, int Failed, int Left, DateTimeOffset RequestedAt, DateTimeOffset? EndedAt, string? RequestedBy, string? LastError);

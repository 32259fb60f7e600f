namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>A replay of many at a rate. Any replica goes on with it where another stopped.</summary>
public sealed class DeadLetterReplay
{
    public Guid Id { get; set; }

    /// <summary>The <see cref="DeadLetterFilter"/>, JSON.</summary>
    public string Filter { get; set; } = null!;

    public double PerSecond { get; set; }

    /// <summary>The newest letter that is part of it: what fails during the replay is not replayed by it again.</summary>
    public long LastId { get; set; }

    /// <summary>The letter it has come to.</summary>
    public long DoneId { get; set; }

    public int Replayed { get; set; }

    public int Failed { get; set; }

    /// <summary><c>running</c>, <c>done</c> or <c>stopped</c>.</summary>
    public string State { get; set; } = Running;

    public string? RequestedBy { get; set; }

    public string? Reason { get; set; }

    /// <summary>UTC.</summary>
    public DateTime RequestedAt { get; set; }

    /// <summary>UTC; null while it runs.</summary>
    public DateTime? EndedAt { get; set; }

    public string? LastError { get; set; }

    /// <summary>UTC: until then one replica works on it.</summary>
    public DateTime LeaseUntil { get; set; }

    /// <summary>Counted up by each claim and step; a replica that lost its lease changes nothing more.</summary>
    public int Version { get; set; }

    public const string Running = "running";
    public const string Done = "done";
    public const string Stopped = "stopped";
}

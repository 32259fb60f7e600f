using Pipeline.Fixtures;

namespace Pipeline.Orchestrator.Tests.Setup;

/// <summary>How a test's orchestrator differs from the usual one: one agent <c>resolver</c> with two tools, SQLite, in memory, a clock that stands still.</summary>
public sealed record OrchestratorSetup
{
    public Action<AgentFolder>? Agents { get; init; }

    /// <summary>Shared with another orchestrator; it is not deleted.</summary>
    public TestDatabase? Database { get; init; }

    /// <summary>On RabbitMQ instead of in memory.</summary>
    public RabbitMqVirtualHost? VirtualHost { get; init; }

    /// <summary>Settings beside the usual ones, <c>Admission:MaxOpen</c> and the like.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();

    public TimeProvider? Clock { get; init; }

    /// <summary>How often the sweeper looks; never, by the clocks of tests, where absent.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Whether the HTTP API asks for keys; see <see cref="OrchestratorFixture.CreateKeyAsync"/>.</summary>
    public bool RequireApiKeys { get; init; }
}

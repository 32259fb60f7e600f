namespace Pipeline.Chaos.Tests.Scripts;

/// <summary>Nothing goes wrong: how fast the machine is, and whether the checker is content with a quiet day.</summary>
internal sealed class NoFaults : FaultScript
{
    public override IEnumerable<Fault> Plan(Random dice) => [];
}

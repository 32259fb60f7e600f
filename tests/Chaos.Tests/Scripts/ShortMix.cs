namespace Pipeline.Chaos.Tests.Scripts;

/// <summary>One of everything that is quick, in a random order: what the build server runs.</summary>
internal sealed class ShortMix : FaultScript
{
    public override IEnumerable<Fault> Plan(Random dice)
    {
        Fault[] each =
        [
            Fault.Kill("orchestrator-1", Seconds(dice, 0, 1)),
            Fault.Kill("tool-workers-2", Seconds(dice, 0, 1)),
            Fault.Kill("llm-gateway-1", Seconds(dice, 0, 1)),
            Fault.Freeze("orchestrator-2", Seconds(dice, 1, 3), cutBroker: true),
            Fault.BrokerDown(0, kill: true),
            Fault.DatabaseDown(0, kill: true),
            Fault.BrokerReset(),
            Fault.DatabaseReset(),
            Fault.BrokerHalfOpen(Seconds(dice, 2, 4)),
        ];
        dice.Shuffle(each);
        foreach (var fault in each)
        {
            yield return Fault.Pause(Seconds(dice, 1, 2));
            yield return fault;
        }
    }
}

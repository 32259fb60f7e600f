namespace Pipeline.Chaos.Tests.Scripts;

/// <summary>Everything, for as long as the load lasts, with one long outage of the broker while thousands are in flight.</summary>
internal sealed class LongMix : FaultScript
{
    public override IEnumerable<Fault> Plan(Random dice)
    {
        yield return Fault.Pause(30);
        yield return Fault.BrokerDown(Seconds(dice, 60, 90), kill: true);
        yield return Fault.Pause(20);
        yield return Fault.DatabaseRestarts(5, 3);
        while (true)
        {
            yield return Fault.Pause(Seconds(dice, 4, 12));
            yield return dice.Next(20) switch
            {
                < 6 => Fault.Kill(AnyService(dice), Seconds(dice, 0, 5)),
                < 8 => Fault.Freeze(AnyService(dice), Seconds(dice, 2, 8), cutBroker: true),
                < 9 => Fault.Freeze(AnyService(dice), Seconds(dice, 2, 8), cutBroker: false),
                < 11 => Fault.BrokerDown(Seconds(dice, 0, 3), kill: dice.Next(2) == 0),
                < 13 => Fault.DatabaseDown(Seconds(dice, 0, 3), kill: dice.Next(2) == 0),
                13 => Fault.BrokerReset(),
                14 => Fault.DatabaseReset(),
                15 => Fault.BrokerSlow(Seconds(dice, 2, 6), 20),
                16 => Fault.DatabaseSlow(Seconds(dice, 2, 6), 20),
                17 => Fault.BrokerHalfOpen(Seconds(dice, 3, 12)),
                18 => Fault.DatabaseHalfOpen(Seconds(dice, 3, 12)),
                _ => Fault.BrokerRefuses(Seconds(dice, 1, 4)),
            };
        }
    }
}

namespace Pipeline.Chaos.Tests.Scripts;

/// <summary>Only kill -9, of any service, again and again.</summary>
internal sealed class Kills : FaultScript
{
    public override IEnumerable<Fault> Plan(Random dice)
    {
        while (true)
        {
            yield return Fault.Pause(Seconds(dice, 3, 6));
            yield return Fault.Kill(AnyService(dice), Seconds(dice, 0, 3));
        }
    }
}

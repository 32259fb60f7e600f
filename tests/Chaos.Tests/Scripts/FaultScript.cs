namespace Pipeline.Chaos.Tests.Scripts;

/// <summary>What goes wrong, in order. The same seed makes the same script.</summary>
internal abstract class FaultScript
{
    /// <summary>What may die. Not the simulated provider: its ledger is the ground truth.</summary>
    protected static readonly string[] Services = ["orchestrator-1", "orchestrator-2", "tool-workers-1", "tool-workers-2", "llm-gateway-1", "llm-gateway-2"];

    public static FaultScript Named(string name) => name switch
    {
        "short" => new ShortMix(),
        "mixed" => new LongMix(),
        "kills" => new Kills(),
        "none" => new NoFaults(),
        _ => throw new ArgumentException($"There is no script '{name}'. Use short, mixed, kills, none, sigstop or recovery."),
    };

    /// <summary>Endless, or as long as it takes; the run stops it when the load is done.</summary>
    public abstract IEnumerable<Fault> Plan(Random dice);

    protected static double Seconds(Random dice, double least, double most) => least + (dice.NextDouble() * (most - least));

    protected static string AnyService(Random dice) => Services[dice.Next(Services.Length)];
}

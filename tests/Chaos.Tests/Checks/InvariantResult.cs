namespace Pipeline.Chaos.Tests.Checks;

/// <summary>One promise, kept or not.</summary>
/// <param name="Name">Its number and name.</param>
/// <param name="Holds">Whether nothing speaks against it.</param>
/// <param name="Says">What was looked at.</param>
/// <param name="Offenders">The first few that speak against it.</param>
internal sealed record InvariantResult(string Name, bool Holds, string Says, IReadOnlyList<string> Offenders)
{
    private const int Shown = 10;

    public static InvariantResult Of(string name, string says, IReadOnlyCollection<string> offenders) =>
        new(name, offenders.Count == 0, offenders.Count > Shown ? $"{says}; {offenders.Count} offenders" : says, [.. offenders.Take(Shown)]);
}

using System.Globalization;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>What had to be shown, and whether it was: each with its figure.</summary>
internal sealed class Targets
{
    private readonly List<(string Text, bool Met)> _all = [];

    public bool AreMet => _all.TrueForAll(x => x.Met);

    public void Most(string what, double? value, double most) => Add(what, value, "at most", most, value <= most);

    public void Least(string what, double? value, double least) => Add(what, value, "at least", least, value >= least);

    public void Exactly(string what, double? value, double wanted) => Add(what, value, "exactly", wanted, value == wanted);

    public void Holds(string what, bool holds) => _all.Add(($"{what}: {(holds ? "yes" : "no")}", holds));

    public override string ToString() => string.Join(Environment.NewLine, _all.OrderBy(x => x.Met).Select(x => $"{(x.Met ? "met    " : "NOT MET")}  {x.Text}"));

    // A figure that could not be taken meets nothing.
    private void Add(string what, double? value, string relation, double wanted, bool met) =>
        _all.Add((string.Create(CultureInfo.InvariantCulture, $"{what}: {(value is { } number ? number.ToString("0.#####", CultureInfo.InvariantCulture) : "no figure")} ({relation} {wanted:0.#####})"), met));
}

using System.Globalization;
using System.Text.Json.Nodes;

namespace Pipeline.Benchmarks.Measurement;

/// <summary>What one measurement found: names and numbers, in the order in which they are to be read.</summary>
internal sealed class Figures(string name)
{
    private readonly List<(string Name, double? Value)> _values = [];

    public string Name => name;

    public IReadOnlyList<(string Name, double? Value)> Values => _values;

    public double? this[string figure] => _values.Find(x => x.Name == figure).Value;

    public Figures Add(string figure, double? value)
    {
        _values.Add((figure, value));
        return this;
    }

    public Figures AddRange(IEnumerable<(string Name, double? Value)> values)
    {
        _values.AddRange(values);
        return this;
    }

    /// <summary>Each figure's middle value over several measurements of the same thing.</summary>
    public static Figures Median(string name, IReadOnlyList<Figures> rounds)
    {
        var median = new Figures(name);
        foreach (var (figure, _) in rounds[0].Values)
        {
            var values = rounds.Select(x => x[figure]).OfType<double>().Order().ToArray();
            median.Add(figure, values.Length == 0 ? null : values[values.Length / 2]);
        }

        return median;
    }

    /// <summary>Several measurements as one table, a column each.</summary>
    public static string Table(IReadOnlyList<Figures> columns)
    {
        var lines = new List<string> { $"| | {string.Join(" | ", columns.Select(x => x.Name))} |", $"|---|{string.Concat(columns.Select(_ => "---:|"))}" };
        lines.AddRange(columns[0].Values.Select(row => $"| {row.Name} | {string.Join(" | ", columns.Select(x => Text(x[row.Name])))} |"));
        return string.Join(Environment.NewLine, lines);
    }

    public JsonObject ToJson()
    {
        var values = new JsonObject();
        foreach (var (figure, value) in _values)
        {
            values[figure] = value is { } number ? Math.Round(number, 4) : null;
        }

        return new JsonObject { ["name"] = name, ["figures"] = values };
    }

    private static string Text(double? value) => value switch
    {
        null => "n/a",
        >= 100 or <= -100 => value.Value.ToString("F0", CultureInfo.InvariantCulture),
        >= 10 => value.Value.ToString("F1", CultureInfo.InvariantCulture),
        0 => "0",
        _ => value.Value.ToString("F2", CultureInfo.InvariantCulture),
    };
}

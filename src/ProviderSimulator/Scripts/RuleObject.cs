using System.Text.Json;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>
/// Reads one JSON object of a rule file and notes every problem with its place: wrong kinds, values out of range and,
/// in <see cref="Finish"/>, members that nobody asked for (a misspelt condition would otherwise always hold).
/// </summary>
internal sealed class RuleObject
{
    private readonly JsonElement _element;
    private readonly HashSet<string> _asked = ["description"];
    private readonly List<string> _problems;

    public RuleObject(JsonElement element, string place, List<string> problems)
    {
        _problems = problems;
        Place = place;
        _element = element;
        if (element.ValueKind != JsonValueKind.Object)
        {
            Problem(null, $"is {Kind(element)}; write an object {{…}}");
        }
    }

    public string Place { get; }

    public void Problem(string? member, string text) => _problems.Add($"{(member is not null ? Child(member) : Place.Length == 0 ? "the whole text" : Place)}: {text}");

    public string Child(string member) => Place.Length == 0 ? member : $"{Place}.{member}";

    public JsonElement? Any(string member)
    {
        _asked.Add(member);
        return _element.ValueKind == JsonValueKind.Object && _element.TryGetProperty(member, out JsonElement value) ? value : null;
    }

    public string? Text(string member) => Of(member, JsonValueKind.String, "a text in quotes")?.GetString();

    public RuleObject? Object(string member) =>
        Of(member, JsonValueKind.Object, "an object {…}") is { } value ? new RuleObject(value, Child(member), _problems) : null;

    public IReadOnlyList<JsonProperty> Properties(string member) =>
        Of(member, JsonValueKind.Object, "an object {…}") is { } value ? [.. value.EnumerateObject()] : [];

    public IReadOnlyList<JsonElement> List(string member) =>
        Of(member, JsonValueKind.Array, "a list […]") is { } value ? [.. value.EnumerateArray()] : [];

    public IReadOnlyList<RuleObject> Objects(string member) =>
        [.. List(member).Select((item, index) => new RuleObject(item, $"{Child(member)}[{index}]", _problems))];

    public int? Whole(string member, int min, int max)
    {
        if (Any(member) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= min && number <= max)
        {
            return number;
        }

        Problem(member, $"is {Kind(value)}; write a whole number from {min} to {max}");
        return null;
    }

    public double? Number(string member, double min, double max)
    {
        if (Any(member) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= min && number <= max)
        {
            return number;
        }

        Problem(member, $"is {Kind(value)}; write a number from {min} to {max}");
        return null;
    }

    /// <summary>A number, or <c>{"min":…,"max":…}</c>.</summary>
    public (int Min, int Max)? Range(string member, int min, int max)
    {
        if (Any(member) is not { ValueKind: JsonValueKind.Object })
        {
            return Whole(member, min, max) is { } one ? (one, one) : null;
        }

        RuleObject range = Object(member)!;
        int from = range.Whole("min", min, max) ?? min;
        int to = range.Whole("max", min, max) ?? max;
        range.Finish();
        if (from > to)
        {
            range.Problem(null, $"has min {from} above max {to}; exchange them");
            return null;
        }

        return (from, to);
    }

    public void Finish()
    {
        if (_element.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (JsonProperty property in _element.EnumerateObject().Where(p => !_asked.Contains(p.Name)))
        {
            Problem(property.Name, $"is not known here; use one of: {string.Join(", ", _asked.Order(StringComparer.Ordinal))}");
        }
    }

    internal static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => $"'{(value.GetRawText() is { Length: <= 60 } raw ? raw : value.GetRawText()[..57] + "...")}'",
    };

    private JsonElement? Of(string member, JsonValueKind kind, string wanted)
    {
        if (Any(member) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == kind)
        {
            return value;
        }

        Problem(member, $"is {Kind(value)}; write {wanted}");
        return null;
    }
}

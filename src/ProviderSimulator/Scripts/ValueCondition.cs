using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>One expectation of a JSON value: equal to a template, not equal to it, like a pattern, or just there.</summary>
internal sealed class ValueCondition
{
    private readonly Template? _equal;
    private readonly Template? _notEqual;
    private readonly Regex? _pattern;
    private readonly string[] _groups;
    private readonly bool _exists;

    public ValueCondition(Template? equal, Template? notEqual, Regex? pattern, bool exists)
    {
        _equal = equal;
        _notEqual = notEqual;
        _pattern = pattern;
        _groups = pattern is null ? [] : RulePattern.NamedGroups(pattern);
        _exists = exists;
    }

    public bool Matches(JsonElement? value, CaptureSet captures)
    {
        bool present = value is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) };
        if (present != _exists)
        {
            return false;
        }

        if (!present)
        {
            return true;
        }

        string text = CaptureSet.ScalarText(value!.Value);
        if (_equal is not null && !Same(text, _equal.Render(captures)))
        {
            return false;
        }

        if (_notEqual is not null && Same(text, _notEqual.Render(captures)))
        {
            return false;
        }

        if (_pattern is null)
        {
            return true;
        }

        Match match = _pattern.Match(text);
        captures.Add(match, _groups);
        return match.Success;
    }

    // People write a merchant's name in any case; identifiers in our data never differ by case only.
    private static bool Same(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}

using System.Globalization;
using System.Text.Json;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>
/// The part of JSONPath that rules need: <c>$.member.other[2].last</c>. <c>$</c> is the tool's result, <c>$call</c> the
/// arguments the tool was called with.
/// </summary>
internal sealed class JsonPath
{
    private readonly List<Step> _steps = [];

    private JsonPath()
    {
    }

    public bool OfCall { get; private init; }

    public static JsonPath? Parse(string text, out string? error)
    {
        bool ofCall = text.StartsWith("$call", StringComparison.Ordinal);
        string rest = ofCall ? text[5..] : text.StartsWith('$') ? text[1..] : "?";
        var path = new JsonPath { OfCall = ofCall };
        error = path.ReadSteps(rest)
            ? null
            : $"'{text}' is not a path; write $.member, $.list[0].member, or $call.member for the arguments of the call";
        return error is null ? path : null;
    }

    public JsonElement? Read(ToolResult result) => Read(OfCall ? result.ArgumentsJson : result.ContentJson);

    public JsonElement? Read(JsonElement? root)
    {
        if (root is not { } current)
        {
            return null;
        }

        foreach (Step step in _steps)
        {
            if (step.Member is { } member)
            {
                if (current.ValueKind != JsonValueKind.Object || !current.TryGetProperty(member, out current))
                {
                    return null;
                }
            }
            else if (current.ValueKind != JsonValueKind.Array || step.Index >= current.GetArrayLength())
            {
                return null;
            }
            else
            {
                current = current[step.Index];
            }
        }

        return current;
    }

    private bool ReadSteps(string rest)
    {
        int at = 0;
        while (at < rest.Length)
        {
            if (rest[at] == '.')
            {
                int end = rest.AsSpan(at + 1).IndexOfAny('.', '[');
                end = end < 0 ? rest.Length : at + 1 + end;
                if (end == at + 1)
                {
                    return false;
                }

                _steps.Add(new Step(rest[(at + 1)..end], 0));
                at = end;
            }
            else if (rest[at] == '[' && rest.IndexOf(']', at) is var close and > 0
                && int.TryParse(rest.AsSpan(at + 1, close - at - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            {
                _steps.Add(new Step(null, index));
                at = close + 1;
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    private readonly record struct Step(string? Member, int Index);
}

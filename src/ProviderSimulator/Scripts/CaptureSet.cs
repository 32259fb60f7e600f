using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>
/// The captures of the rule that is being tried. One set serves all rules of a call; the newest value of a name wins.
/// </summary>
internal sealed class CaptureSet
{
    private readonly List<Capture> _captures = [];

    public int Count => _captures.Count;

    public void TruncateTo(int count) => _captures.RemoveRange(count, _captures.Count - count);

    public void Add(string name, string text) => _captures.Add(new Capture(name, text, null));

    public void Add(string name, JsonElement value) => _captures.Add(new Capture(name, ScalarText(value), value));

    public void Add(Match match, string[] groups)
    {
        foreach (string name in groups)
        {
            Group group = match.Groups[name];
            if (group.Success)
            {
                Add(name, group.Value);
            }
        }
    }

    public string? Text(string name)
    {
        int index = _captures.FindLastIndex(c => c.Name == name);
        return index < 0 ? null : _captures[index].Text;
    }

    /// <summary>The captured JSON value, so that a number stays a number in arguments.</summary>
    public JsonElement? Json(string name)
    {
        int index = _captures.FindLastIndex(c => c.Name == name);
        return index < 0 ? null : _captures[index].Json;
    }

    internal static string ScalarText(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString() ?? "",
        JsonValueKind.Null or JsonValueKind.Undefined => "",
        _ => value.GetRawText(),
    };

    private readonly record struct Capture(string Name, string Text, JsonElement? Json);
}

using System.Text;
using System.Text.Json;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>A text with <c>{argument}</c> in it; <c>{{</c> and <c>}}</c> stand for braces.</summary>
internal sealed class TextTemplate
{
    private readonly List<(string Text, bool IsArgument)> _parts = [];

    private TextTemplate()
    {
    }

    public IEnumerable<string> Arguments => _parts.Where(x => x.IsArgument).Select(x => x.Text);

    /// <summary>The argument that the text consists of; null where there is anything else.</summary>
    public string? SingleArgument => _parts is [(var name, true)] ? name : null;

    /// <returns>Null where the text is not a template; <paramref name="problem"/> says why.</returns>
    public static TextTemplate? Parse(string text, out string? problem)
    {
        var template = new TextTemplate();
        var literal = new StringBuilder();
        problem = null;
        for (var at = 0; at < text.Length; at++)
        {
            var c = text[at];
            if (c is not ('{' or '}'))
            {
                literal.Append(c);
            }
            else if (at + 1 < text.Length && text[at + 1] == c)
            {
                literal.Append(c);
                at++;
            }
            else if (c == '{' && text.IndexOf('}', at) is var end && end > at + 1 && text[(at + 1)..end].All(x => char.IsAsciiLetterOrDigit(x) || x is '_' or '-'))
            {
                template.AddLiteral(literal);
                template._parts.Add((text[(at + 1)..end], true));
                at = end;
            }
            else
            {
                problem = $"has a '{c}' at character {at + 1} that neither begins nor ends an argument. Write {{argument}}, or '{c}{c}' for the character itself.";
                return null;
            }
        }

        template.AddLiteral(literal);
        return template;
    }

    /// <summary>The text with the arguments in it, each written by <paramref name="write"/>.</summary>
    public string Fill(JsonElement arguments, Func<string, string> write) =>
        string.Concat(_parts.Select(x => x.IsArgument ? write(ScalarText(arguments, x.Text) ?? "") : x.Text));

    /// <summary>A text as it is, a number or a truth value as JSON writes it, other JSON as JSON; null where the argument is absent or null.</summary>
    public static string? ScalarText(JsonElement arguments, string name) =>
        !arguments.TryGetProperty(name, out var value) ? null : ScalarText(value);

    public static string? ScalarText(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        JsonValueKind.String => value.GetString(),
        _ => value.GetRawText(),
    };

    private void AddLiteral(StringBuilder literal)
    {
        if (literal.Length > 0)
        {
            _parts.Add((literal.ToString(), false));
            literal.Clear();
        }
    }
}

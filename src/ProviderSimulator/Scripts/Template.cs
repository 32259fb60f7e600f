using System.Text;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>Text with <c>${name}</c> and <c>${name|default}</c>; <c>$${</c> stands for a literal <c>${</c>.</summary>
internal sealed class Template
{
    private readonly List<Segment> _segments = [];

    private Template()
    {
    }

    /// <summary>The names that a rule has to capture before the template can be rendered.</summary>
    public IEnumerable<string> Names => _segments.Where(s => s.IsName).Select(s => s.Text);

    /// <summary>Set if the template is exactly one capture: then a JSON value keeps its type.</summary>
    public string? OnlyName => _segments is [{ IsName: true } only] ? only.Text : null;

    public static Template? Parse(string text, out string? error)
    {
        error = null;
        var template = new Template();
        var literal = new StringBuilder();
        int at = 0;
        while (at < text.Length)
        {
            if (text.AsSpan(at).StartsWith("$${"))
            {
                literal.Append("${");
                at += 3;
                continue;
            }

            if (!text.AsSpan(at).StartsWith("${"))
            {
                literal.Append(text[at++]);
                continue;
            }

            int end = text.IndexOf('}', at);
            string body = end < 0 ? "" : text[(at + 2)..end];
            int bar = body.IndexOf('|', StringComparison.Ordinal);
            string name = bar < 0 ? body : body[..bar];
            if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            {
                error = $"template '{text}' has a '${{' without a name of letters, digits and '_' and a closing '}}'; write $${{ for the characters themselves";
                return null;
            }

            template.AddLiteral(literal);
            template._segments.Add(new Segment(true, name, bar < 0 ? null : body[(bar + 1)..]));
            at = end + 1;
        }

        template.AddLiteral(literal);
        return template;
    }

    public string Render(CaptureSet captures)
    {
        if (_segments.Count == 0)
        {
            return "";
        }

        if (_segments.Count == 1)
        {
            return _segments[0].Render(captures);
        }

        var text = new StringBuilder();
        foreach (Segment segment in _segments)
        {
            text.Append(segment.Render(captures));
        }

        return text.ToString();
    }

    private void AddLiteral(StringBuilder literal)
    {
        if (literal.Length > 0)
        {
            _segments.Add(new Segment(false, literal.ToString(), null));
            literal.Clear();
        }
    }

    private readonly record struct Segment(bool IsName, string Text, string? Default)
    {
        public string Render(CaptureSet captures) => IsName ? captures.Text(Text) ?? Default ?? "" : Text;
    }
}

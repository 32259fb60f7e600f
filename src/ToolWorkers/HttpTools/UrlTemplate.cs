using System.Text;
using System.Text.Json;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>
/// Scheme, host and port are fixed; path segments and the query take arguments, percent-encoded, so that an argument can neither leave its
/// segment nor add a parameter.
/// </summary>
/// <param name="Origin">Scheme, host, port.</param>
/// <param name="Segments">The path, without its slashes.</param>
/// <param name="Query">Parameters in their order; one whose only argument is absent is left out, a list is repeated.</param>
internal sealed record UrlTemplate(Uri Origin, IReadOnlyList<TextTemplate> Segments, IReadOnlyList<KeyValuePair<string, TextTemplate>> Query)
{
    private const int MaxLength = 16 * 1024;

    /// <returns>Null where an argument does not fit; <paramref name="problem"/> says which, for the model.</returns>
    public Uri? Fill(JsonElement arguments, out string? problem)
    {
        problem = null;
        var url = new StringBuilder(Origin.GetLeftPart(UriPartial.Authority));
        foreach (var segment in Segments)
        {
            var text = segment.Fill(arguments, Uri.EscapeDataString);
            if (segment.Arguments.Any() && text is "" or "." or "..")
            {
                problem = $"The argument '{segment.Arguments.FirstOrDefault()}' makes '{text}' of a part of the address, which would name another resource. Pass another value.";
                return null;
            }

            url.Append('/').Append(text);
        }

        if (Segments.Count == 0)
        {
            url.Append('/');
        }

        var separator = '?';
        foreach (var (name, value) in Query.SelectMany(x => Values(x.Key, x.Value, arguments)))
        {
            url.Append(separator).Append(Uri.EscapeDataString(name)).Append('=').Append(value);
            separator = '&';
        }

        if (url.Length > MaxLength)
        {
            problem = $"The address would have {url.Length} characters; the limit is {MaxLength}. Pass shorter arguments.";
            return null;
        }

        return new Uri(url.ToString());
    }

    private static IEnumerable<(string Name, string Value)> Values(string name, TextTemplate template, JsonElement arguments)
    {
        if (template.SingleArgument is not { } argument)
        {
            return [(name, template.Fill(arguments, Uri.EscapeDataString))];
        }

        if (!arguments.TryGetProperty(argument, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        return value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Select(x => (name, Uri.EscapeDataString(TextTemplate.ScalarText(x) ?? "")))
            : [(name, Uri.EscapeDataString(TextTemplate.ScalarText(value) ?? ""))];
    }
}

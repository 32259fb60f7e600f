using System.Text.Json;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>Reads the address of an HTTP tool. Scheme, host and port are fixed; arguments have their places in path and query.</summary>
internal sealed class UrlTemplateReader(HttpMembers members, DeclaredArguments arguments, Action<string, string> report)
{
    public UrlTemplate Read(JsonElement http)
    {
        var nowhere = new UrlTemplate(new Uri("http://invalid/"), [], []);
        var text = members.Text(http, "$.http", "url", "");
        var end = text.IndexOf("://", StringComparison.Ordinal) is var scheme && scheme > 0 ? text.IndexOfAny(['/', '?', '#'], scheme + 3) : -1;
        var authority = end < 0 ? text : text[..end];
        if (authority.Contains('{', StringComparison.Ordinal))
        {
            report("$.http.url", $"takes an argument into '{authority}'. Scheme, host and port are fixed: declare a tool for each host.");
            return nowhere;
        }

        if (!Uri.TryCreate(authority, UriKind.Absolute, out var origin) || (origin.Scheme != Uri.UriSchemeHttp && origin.Scheme != Uri.UriSchemeHttps) || origin.Host.Length == 0)
        {
            report("$.http.url", $"is '{text}', not an address of http or https. Write e.g. https://api.example.com/v1/rates/{{base}}.");
            return nowhere;
        }

        if (origin.UserInfo.Length > 0)
        {
            report("$.http.url", "has a user or password before the host. Send a header with secret:NAME instead.");
        }

        if (text.Contains('#', StringComparison.Ordinal))
        {
            report("$.http.url", "has a '#'; servers never see what is behind it. Remove it.");
        }

        var rest = end < 0 ? "" : text[end..].Split('#')[0];
        var path = rest.Split('?')[0];
        var segments = path.Split('/').Skip(1).Select(x => Template(x, "$.http.url", inPath: true)).ToList();
        if (path.Split('/').Any(x => x is "." or ".."))
        {
            report("$.http.url", "has '.' or '..' as a part of its path. Write the path as it is meant.");
        }

        var query = new List<KeyValuePair<string, TextTemplate>>();
        foreach (var pair in rest.Contains('?', StringComparison.Ordinal) ? rest[(rest.IndexOf('?', StringComparison.Ordinal) + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries) : [])
        {
            var parts = pair.Split('=', 2);
            query.Add(new(Uri.UnescapeDataString(parts[0]), Template(parts.ElementAtOrDefault(1) ?? "", "$.http.url", inPath: false)));
        }

        foreach (var (name, value) in members.Map(http, "query"))
        {
            // Literals of the url are written encoded, those of the query member as they are meant.
            query.Add(new(name, Template(EncodeLiterals(value), $"$.http.query.{name}", inPath: false)));
        }

        return new UrlTemplate(new Uri(origin.GetLeftPart(UriPartial.Authority)), segments, query);
    }

    private TextTemplate Template(string text, string path, bool inPath)
    {
        if (TextTemplate.Parse(text, out var problem) is not { } template)
        {
            report(path, problem ?? "is no template.");
            return TextTemplate.Parse("", out _)!;
        }

        foreach (var argument in template.Arguments)
        {
            arguments.Check(argument, path, mustBeRequired: inPath);
        }

        return template;
    }

    // Braces stay: they are the template's.
    private static string EncodeLiterals(string text) => string.Concat(text.EnumerateRunes().Select(x => x.Value is '{' or '}' ? x.ToString() : Uri.EscapeDataString(x.ToString())));
}

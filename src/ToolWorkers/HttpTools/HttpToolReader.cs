using System.Text.Json;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>Reads the <c>http</c> member of a manifest and reports every problem with its JSON path and the way out.</summary>
internal sealed class HttpToolReader(JsonElement parameters, Action<string, string> report)
{
    private static readonly string[] Members = ["method", "url", "query", "headers", "body", "success", "response", "idempotencyHeader"];
    private static readonly string[] ResponseMembers = ["select", "as", "maxBytes"];
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

    // What the client or the connection decides; a declared one would break the request or the guard.
    private static readonly string[] ReservedHeaders = ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Content-Type", "Cookie", "Proxy-Authorization", "Expect", "Upgrade"];

    public HttpToolDeclaration? Read(JsonElement root)
    {
        if (!root.TryGetProperty("http", out var http))
        {
            return null;
        }

        if (http.ValueKind != JsonValueKind.Object)
        {
            report("$.http", "is not an object. Write {\"method\": \"GET\", \"url\": \"https://…\"}.");
            return null;
        }

        foreach (var member in http.EnumerateObject().Where(x => !Members.Contains(x.Name)))
        {
            report($"$.http.{member.Name}", $"is not a member of http. Known here: {string.Join(", ", Members)}.");
        }

        var method = Text(http, "$.http", "method", "GET");
        if (!Methods.Contains(method))
        {
            report("$.http.method", $"is '{method}'. Write one of {string.Join(", ", Methods)}.");
            method = "GET";
        }

        JsonElement? body = http.TryGetProperty("body", out var template) ? template.Clone() : null;
        if (body is not null)
        {
            CheckBody(body.Value, method);
        }

        var response = http.TryGetProperty("response", out var declared) ? declared : default;
        return new HttpToolDeclaration
        {
            Method = new HttpMethod(method),
            Url = ReadUrl(http),
            Headers = ReadHeaders(http),
            Body = body,
            SuccessStatuses = ReadStatuses(http),
            Select = ReadSelect(response),
            AsText = ReadAs(response),
            MaxResponseBytes = ReadMaxBytes(response),
            IdempotencyHeader = ReadIdempotencyHeader(http),
        };
    }

    private UrlTemplate ReadUrl(JsonElement http)
    {
        var nowhere = new UrlTemplate(new Uri("http://invalid/"), [], []);
        var text = Text(http, "$.http", "url", "");
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

        foreach (var (name, value) in Map(http, "query"))
        {
            // Literals of the url are written encoded, those of the query member as they are meant.
            query.Add(new(name, Template(EncodeLiterals(value), $"$.http.query.{name}", inPath: false)));
        }

        return new UrlTemplate(new Uri(origin.GetLeftPart(UriPartial.Authority)), segments, query);
    }

    private List<KeyValuePair<string, string>> ReadHeaders(JsonElement http)
    {
        var headers = Map(http, "headers").ToList();
        foreach (var (name, value) in headers)
        {
            if (name.Length == 0 || !name.All(x => char.IsAsciiLetterOrDigit(x) || x is '-' or '_'))
            {
                report($"$.http.headers.{name}", "is not the name of a header. Use letters, digits, '-' and '_'.");
            }
            else if (ReservedHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                report($"$.http.headers.{name}", "is set by the client itself. Remove it.");
            }

            if (value.Any(x => char.IsControl(x) || x > 126))
            {
                report($"$.http.headers.{name}", "has a character that headers cannot carry. Use printable ASCII.");
            }

            if (value.Contains('{', StringComparison.Ordinal))
            {
                report($"$.http.headers.{name}", "has a '{': headers take secrets (secret:NAME), not arguments. Pass the argument in the address or the body.");
            }
        }

        return headers;
    }

    private void CheckBody(JsonElement body, string method)
    {
        if (method is "GET" or "HEAD")
        {
            report("$.http.body", $"is declared for {method}, which has none. Use query, or another method.");
        }

        var arguments = new List<string>();
        BodyTemplate.Check(body, "$.http.body", report, arguments);
        foreach (var argument in arguments)
        {
            CheckArgument(argument, "$.http.body", mustBeRequired: false);
        }
    }

    private List<int> ReadStatuses(JsonElement http)
    {
        var statuses = new List<int>();
        if (!http.TryGetProperty("success", out var value))
        {
            return statuses;
        }

        foreach (var status in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToList() : [value])
        {
            if (status.ValueKind == JsonValueKind.Number && status.TryGetInt32(out var number) && number is >= 200 and <= 499 and not (408 or 429) && number / 100 != 3)
            {
                statuses.Add(number);
            }
            else
            {
                report("$.http.success", $"has '{status}'. Write a list of statuses, 200 to 299 or 400 to 499 except 408 and 429.");
            }
        }

        return statuses;
    }

    private string ReadSelect(JsonElement response)
    {
        if (response.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Object))
        {
            report("$.http.response", "is not an object. Write {\"select\": \"/data\", \"as\": \"json\", \"maxBytes\": 65536}.");
        }

        if (response.ValueKind != JsonValueKind.Object)
        {
            return "";
        }

        foreach (var member in response.EnumerateObject().Where(x => !ResponseMembers.Contains(x.Name)))
        {
            report($"$.http.response.{member.Name}", $"is not a member of response. Known here: {string.Join(", ", ResponseMembers)}.");
        }

        var select = Text(response, "$.http.response", "select", "");
        if (!JsonPointer.IsWellFormed(select))
        {
            report("$.http.response.select", $"is '{select}', not a JSON Pointer. Write e.g. /data/0/rate.");
        }

        return select;
    }

    private bool ReadAs(JsonElement response)
    {
        var text = response.ValueKind == JsonValueKind.Object ? Text(response, "$.http.response", "as", "json") : "json";
        if (text is not ("json" or "text"))
        {
            report("$.http.response.as", $"is '{text}'. Write \"json\" or \"text\".");
        }

        return text == "text";
    }

    private int ReadMaxBytes(JsonElement response)
    {
        const int whenAbsent = 256 * 1024;
        if (response.ValueKind != JsonValueKind.Object || !response.TryGetProperty("maxBytes", out var value))
        {
            return whenAbsent;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number is >= 1 and <= 8 * 1024 * 1024)
        {
            return number;
        }

        report("$.http.response.maxBytes", $"is '{value}'. Write a whole number from 1 to {8 * 1024 * 1024}.");
        return whenAbsent;
    }

    private string? ReadIdempotencyHeader(JsonElement http)
    {
        if (http.TryGetProperty("idempotencyHeader", out var value) && value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var name = Text(http, "$.http", "idempotencyHeader", "Idempotency-Key");
        if (name.Length == 0 || !name.All(x => char.IsAsciiLetterOrDigit(x) || x == '-') || ReservedHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            report("$.http.idempotencyHeader", $"is '{name}'. Write the name of a header, or null for none.");
        }

        return name;
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
            CheckArgument(argument, path, mustBeRequired: inPath);
        }

        return template;
    }

    private void CheckArgument(string argument, string path, bool mustBeRequired)
    {
        if (parameters.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        if (!parameters.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object || !properties.TryGetProperty(argument, out _))
        {
            report(path, $"names the argument '{argument}', which parameters.properties does not declare. Declare it, or correct the name.");
        }
        else if (mustBeRequired
            && !(parameters.TryGetProperty("required", out var required) && required.ValueKind == JsonValueKind.Array && required.EnumerateArray().Any(x => x.ValueKind == JsonValueKind.String && x.GetString() == argument)))
        {
            report(path, $"needs the argument '{argument}' in its path, but parameters.required does not name it. Add it there.");
        }
    }

    private IEnumerable<KeyValuePair<string, string>> Map(JsonElement http, string member)
    {
        if (!http.TryGetProperty(member, out var map))
        {
            yield break;
        }

        if (map.ValueKind != JsonValueKind.Object)
        {
            report($"$.http.{member}", "is not an object. Write {\"name\": \"value\"}.");
            yield break;
        }

        foreach (var entry in map.EnumerateObject())
        {
            if (entry.Value.ValueKind == JsonValueKind.String)
            {
                yield return new(entry.Name, entry.Value.GetString() ?? "");
            }
            else
            {
                report($"$.http.{member}.{entry.Name}", $"is '{entry.Value}'. Write a text.");
            }
        }
    }

    private string Text(JsonElement parent, string path, string member, string whenAbsent)
    {
        if (!parent.TryGetProperty(member, out var value))
        {
            return whenAbsent;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString() ?? "";
        }

        report($"{path}.{member}", $"is '{value}'. Write a text.");
        return whenAbsent;
    }

    // Braces stay: they are the template's.
    private static string EncodeLiterals(string text) => string.Concat(text.EnumerateRunes().Select(x => x.Value is '{' or '}' ? x.ToString() : Uri.EscapeDataString(x.ToString())));
}

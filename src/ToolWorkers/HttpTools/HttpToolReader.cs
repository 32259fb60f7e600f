using System.Text.Json;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>Reads the <c>http</c> member of a manifest and reports every problem with its JSON path and the way out.</summary>
internal sealed class HttpToolReader(JsonElement parameters, Action<string, string> report)
{
    private static readonly string[] Members = ["method", "url", "query", "headers", "body", "success", "response", "idempotencyHeader"];
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

    // What the client or the connection decides; a declared one would break the request or the guard.
    private static readonly string[] ReservedHeaders = ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Content-Type", "Cookie", "Proxy-Authorization", "Expect", "Upgrade"];

    private readonly HttpMembers _members = new(report);
    private readonly DeclaredArguments _arguments = new(parameters, report);

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

        var method = _members.Text(http, "$.http", "method", "GET");
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

        var response = new HttpResponseReader(http.TryGetProperty("response", out var declared) ? declared : default, _members, report);
        return new HttpToolDeclaration
        {
            Method = new HttpMethod(method),
            Url = new UrlTemplateReader(_members, _arguments, report).Read(http),
            Headers = ReadHeaders(http),
            Body = body,
            SuccessStatuses = ReadStatuses(http),
            Select = response.ReadSelect(),
            AsText = response.ReadAs(),
            MaxResponseBytes = response.ReadMaxBytes(),
            IdempotencyHeader = ReadIdempotencyHeader(http),
        };
    }

    private List<KeyValuePair<string, string>> ReadHeaders(JsonElement http)
    {
        var headers = _members.Map(http, "headers").ToList();
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
            _arguments.Check(argument, "$.http.body", mustBeRequired: false);
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

    private string? ReadIdempotencyHeader(JsonElement http)
    {
        if (http.TryGetProperty("idempotencyHeader", out var value) && value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var name = _members.Text(http, "$.http", "idempotencyHeader", "Idempotency-Key");
        if (name.Length == 0 || !name.All(x => char.IsAsciiLetterOrDigit(x) || x == '-') || ReservedHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            report("$.http.idempotencyHeader", $"is '{name}'. Write the name of a header, or null for none.");
        }

        return name;
    }
}

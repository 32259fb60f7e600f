using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>
/// A JSON body in which a text that is <c>"{argument}"</c> becomes the argument with its type, and a text with <c>{argument}</c> in it takes the
/// argument's text. Built as JSON, never by joining texts: an argument cannot break out of its place.
/// </summary>
internal static class BodyTemplate
{
    private const int MaxDepth = 32;

    /// <summary>The arguments that the template names; texts that are no templates are reported.</summary>
    public static void Check(JsonElement template, string path, Action<string, string> report, List<string> arguments, int depth = 0)
    {
        if (depth > MaxDepth)
        {
            report(path, $"is nested more than {MaxDepth} deep. Flatten the body.");
            return;
        }

        switch (template.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in template.EnumerateObject())
                {
                    Check(member.Value, $"{path}.{member.Name}", report, arguments, depth + 1);
                }

                break;
            case JsonValueKind.Array:
                foreach (var (index, item) in template.EnumerateArray().Index())
                {
                    Check(item, $"{path}[{index}]", report, arguments, depth + 1);
                }

                break;
            case JsonValueKind.String:
                if (TextTemplate.Parse(template.GetString() ?? "", out var problem) is { } text)
                {
                    arguments.AddRange(text.Arguments);
                }
                else
                {
                    report(path, problem ?? "is no template.");
                }

                break;
            default:
                break;
        }
    }

    /// <summary>The body; members whose only argument is absent are left out.</summary>
    public static JsonNode? Fill(JsonElement template, JsonElement arguments)
    {
        switch (template.ValueKind)
        {
            case JsonValueKind.Object:
                var result = new JsonObject();
                foreach (var member in template.EnumerateObject())
                {
                    if (!IsAbsent(member.Value, arguments))
                    {
                        result[member.Name] = Fill(member.Value, arguments);
                    }
                }

                return result;
            case JsonValueKind.Array:
                return new JsonArray([.. template.EnumerateArray().Where(x => !IsAbsent(x, arguments)).Select(x => Fill(x, arguments))]);
            case JsonValueKind.String:
                var text = Parsed(template);
                return text.SingleArgument is { } argument && arguments.TryGetProperty(argument, out var value)
                    ? JsonNode.Parse(value.GetRawText())
                    : JsonValue.Create(text.Fill(arguments, x => x));
            default:
                return JsonNode.Parse(template.GetRawText());
        }
    }

    private static bool IsAbsent(JsonElement template, JsonElement arguments) =>
        template.ValueKind == JsonValueKind.String && Parsed(template).SingleArgument is { } argument && !arguments.TryGetProperty(argument, out _);

    private static TextTemplate Parsed(JsonElement template) =>
        TextTemplate.Parse(template.GetString() ?? "", out var problem) ?? throw new InvalidOperationException($"The text {problem}");
}

using System.Text.Json;
using Pipeline.Cli.Api;

namespace Pipeline.Cli;

/// <summary>What people see. Colours and lines that are written over only on a terminal, and not where NO_COLOR is set.</summary>
internal static class Screen
{
    private static readonly bool Colours = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    public static void Json(JsonElement value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, CliJson.Line.JsonElement));

    /// <summary>An invocation's state or an event's name, green where it is well and red where it ended badly.</summary>
    public static string State(string state) => !Colours ? state : state.ToUpperInvariant() switch
    {
        "COMPLETED" or "SUCCEEDED" or "ANSWERED" => $"\e[32m{state}\e[0m",
        "FAILED" or "EXPIRED" or "CANCELLED" or "REJECTED" => $"\e[31m{state}\e[0m",
        "FALLBACK" or "DEFERRED" => $"\e[33m{state}\e[0m",
        _ => state,
    };

    /// <summary>Other people's text on a terminal: no control characters, no more than a line.</summary>
    public static string Plain(string? text, int longest = 200)
    {
        var plain = string.Concat((text ?? "").Select(x => char.IsControl(x) ? ' ' : x));
        return plain.Length <= longest ? plain : string.Concat(plain.AsSpan(0, longest - 1), "…");
    }

    /// <summary>A table of the named members, one row for each item.</summary>
    public static void Table(JsonElement items, params string[] columns)
    {
        if (items.ValueKind != JsonValueKind.Array)
        {
            Json(items);
            return;
        }

        var rows = items.EnumerateArray().Select(item => columns.Select(x => Plain(PipelineApi.Text(item, x) ?? "-", 60)).ToArray()).Prepend(columns).ToList();
        var widths = columns.Select((_, column) => rows.Max(x => x[column].Length)).ToArray();
        foreach (var row in rows)
        {
            Console.Out.WriteLine(string.Join("  ", row.Select((x, column) => x.PadRight(widths[column]))).TrimEnd());
        }
    }
}

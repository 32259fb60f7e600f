using System.Text.Json;

namespace Pipeline.Chaos.Tests.Checks;

/// <summary>What the services' logs must not hold, and what they hold at error level.</summary>
internal sealed record LogScan(IReadOnlyList<string> Sins, IReadOnlyDictionary<string, int> Errors, IReadOnlyList<DateTime> RefusedWrites)
{
    private static readonly string[] SinWords = ["UnobservedTask", "NullReferenceException", "Assertion failed", "Debug.Assert", "Unhandled exception"];

    public static async Task<LogScan> OfAsync(string folder, CancellationToken cancellationToken)
    {
        var sins = new Dictionary<string, int>();
        var errors = new Dictionary<string, int>();
        var refused = new List<DateTime>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.log").Order())
        {
            await foreach (var line in File.ReadLinesAsync(file, cancellationToken))
            {
                var name = Path.GetFileNameWithoutExtension(file).Split('.')[0];
                if (SinWords.FirstOrDefault(x => line.Contains(x, StringComparison.Ordinal)) is { } sin)
                {
                    Count(sins, $"{name}: {sin}: {Shortened(line)}");
                }

                var isConflict = line.Contains("another writer was first", StringComparison.Ordinal);
                var isError = line.Contains("\"Level\":\"Error\"", StringComparison.Ordinal) || line.Contains("\"Level\":\"Fatal\"", StringComparison.Ordinal);
                // In the transport's own entries about a send on a connection that broke it is the client's way to say so; in ours it is a bug.
                var isDisposed = isError && line.Contains("ObjectDisposedException", StringComparison.Ordinal) && line.Contains("\"SourceContext\":\"Pipeline.", StringComparison.Ordinal);
                if (!isConflict && !isError)
                {
                    continue;
                }

                try
                {
                    using var document = JsonDocument.Parse(line);
                    var entry = document.RootElement;
                    if (isConflict)
                    {
                        refused.Add(entry.GetProperty("Timestamp").GetDateTimeOffset().UtcDateTime);
                    }

                    if (isError)
                    {
                        Count(errors, $"{name}: {Template(entry)}");
                    }

                    if (isDisposed)
                    {
                        Count(sins, $"{name}: ObjectDisposedException: {Template(entry)}");
                    }
                }
                catch (JsonException)
                {
                    // The last line of a process that was killed.
                }
            }
        }

        return new LogScan([.. sins.Select(x => $"{x.Value} x {x.Key}")], errors, refused);
    }

    private static string Template(JsonElement entry)
    {
        var exception = entry.TryGetProperty("Exception", out var text) ? $" [{Shortened(text.GetString() ?? "")}]" : "";
        return Shortened(entry.GetProperty("MessageTemplate").GetString() ?? "") + exception;
    }

    private static void Count(Dictionary<string, int> counts, string what) => counts[what] = counts.GetValueOrDefault(what) + 1;

    private static string Shortened(string text)
    {
        var line = text.Split('\n', 2)[0];
        return line.Length > 240 ? line[..240] : line;
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.PublisherSample;

/// <summary>The command line: --file F [--url U] [--no-confirms] [--wait] [--attempts N] [--timeout S].</summary>
internal sealed record Settings(Uri Url, IReadOnlyList<Submission> Submissions, bool Confirms, bool Wait, int Attempts, TimeSpan Timeout)
{
    /// <returns>Null, with a word on standard error, where they are wrong.</returns>
    public static Settings? Read(string[] args)
    {
        try
        {
            string? Value(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
            var url = Value("--url") ?? Environment.GetEnvironmentVariable("PIPELINE_AMQP_URL") ?? "amqp://guest:guest@127.0.0.1:5672/%2F";
            var file = Value("--file") ?? throw new FormatException("--file is missing");
            var lines = File.ReadAllLines(file).Select((text, index) => (Text: text.Trim(), Number: index + 1)).Where(x => x.Text.Length > 0);
            return new Settings(
                new Uri(url),
                [.. lines.Select(x => Parse(x.Text, x.Number))],
                !args.Contains("--no-confirms"),
                args.Contains("--wait"),
                int.Parse(Value("--attempts") ?? "5", CultureInfo.InvariantCulture),
                TimeSpan.FromSeconds(double.Parse(Value("--timeout") ?? "60", CultureInfo.InvariantCulture)));
        }
        catch (Exception e) when (e is FormatException or IOException or JsonException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"error: {e.Message}");
            return null;
        }
    }

    private static Submission Parse(string line, int number)
    {
        if (JsonNode.Parse(line) is not JsonObject body || body["tenant"] is not JsonValue || body["agent"] is not JsonValue)
        {
            throw new FormatException($"line {number} needs 'tenant' and 'agent'");
        }

        // Of the line: publishing the file again repeats these submissions and makes no new ones.
        body["idempotencyKey"] ??= $"{number}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(line)))[..24]}";
        return new Submission((string)body["idempotencyKey"]!, body);
    }
}

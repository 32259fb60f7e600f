using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Cli.Submissions;

/// <summary>A file of submissions, one JSON object a line, as <c>POST /invocations</c> takes it.</summary>
internal static class SubmissionFile
{
    private const int LargestLine = 1 << 20;

    public static async Task<IReadOnlyList<(int Line, JsonObject Body)>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var submissions = new List<(int, JsonObject)>();
        var number = 0;
        try
        {
            using var reader = path == "-" ? Console.In : new StreamReader(path, Encoding.UTF8);
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                number++;
                if (!string.IsNullOrWhiteSpace(line))
                {
                    submissions.Add((number, Body(path, number, line)));
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"The file '{path}' cannot be read: {e.Message}");
        }

        // Everything is read before anything is submitted: a file with a wrong line submits nothing.
        return submissions;
    }

    private static JsonObject Body(string path, int number, string line)
    {
        if (line.Length > LargestLine)
        {
            throw new CommandFailedException(ExitCode.Usage, $"'{path}', line {number}: has {line.Length} characters; {LargestLine} are the most.");
        }

        try
        {
            if (JsonNode.Parse(line) is not JsonObject body)
            {
                throw new CommandFailedException(ExitCode.Usage, $"'{path}', line {number}: is no JSON object.");
            }

            if (body["idempotencyKey"] is null && body["invocationId"] is null)
            {
                // Of place and content: the same file submitted again is the same invocations.
                body["idempotencyKey"] = $"cli-{number}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(line)).AsSpan(0, 12))}";
            }

            return body;
        }
        catch (JsonException e)
        {
            throw new CommandFailedException(ExitCode.Usage, $"'{path}', line {number}: is no JSON: {e.Message}");
        }
    }
}

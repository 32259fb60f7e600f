using System.Text.Json;
using Pipeline.Contracts.Invocations;

namespace Pipeline.EmbeddedHost.Sample;

/// <summary>One line of a file of cases: what is submitted and what is expected of it.</summary>
internal sealed record SampleCase
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public required string Case { get; init; }

    public string? Title { get; init; }

    public required SubmitInvocation Invocation { get; init; }

    public SampleExpectation? Expect { get; init; }

    /// <exception cref="InvalidDataException">A line is no case; the message names every bad line.</exception>
    public static IReadOnlyList<SampleCase> Read(string file)
    {
        var cases = new List<SampleCase>();
        var problems = new List<string>();
        foreach (var (line, number) in File.ReadLines(file).Select((line, index) => (line, index + 1)).Where(x => !string.IsNullOrWhiteSpace(x.line)))
        {
            try
            {
                cases.Add(JsonSerializer.Deserialize<SampleCase>(line, Json)!);
            }
            catch (JsonException e)
            {
                problems.Add($"line {number}: {e.Message}");
            }
        }

        problems.AddRange(cases.GroupBy(x => x.Case, StringComparer.Ordinal).Where(x => x.Count() > 1).Select(x => $"case '{x.Key}' stands {x.Count()} times"));
        return problems.Count == 0
            ? cases
            : throw new InvalidDataException($"'{file}' cannot be used:{Environment.NewLine}{string.Join(Environment.NewLine, problems.Take(20).Select(x => "  - " + x))}");
    }
}

/// <summary>How a case must end; what is absent is not checked.</summary>
internal sealed record SampleExpectation
{
    public string? Event { get; init; }

    public string? Code { get; init; }

    public IReadOnlyList<string>? OutputContains { get; init; }

    public IReadOnlyList<ExpectedRefund>? Refunds { get; init; }

    public int? Turns { get; init; }

    public int? ToolCalls { get; init; }

    public bool? Degraded { get; init; }
}

internal sealed record ExpectedRefund(string TransactionId, long AmountCents);

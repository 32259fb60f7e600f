using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Benchmarks.Measurement;

/// <summary>The result of one command: on the screen, and as a file where one was asked for.</summary>
internal sealed class Report(string benchmark, IReadOnlyList<string> commandLine, FileInfo? json)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly JsonObject _machine = Machine.Describe();
    private readonly DateTimeOffset _started = TimeProvider.System.GetUtcNow();

    public async Task WriteAsync(IReadOnlyList<Figures> measurements, IReadOnlyList<Figures> rounds, string notes)
    {
        Console.WriteLine();
        Console.WriteLine(Figures.Table(measurements));
        Console.WriteLine();
        Console.WriteLine(notes);
        Console.WriteLine($"Machine: {_machine["cores"]} cores, {_machine["processor"]}, {_machine["kernel"]}, {_machine["dotnet"]}; load {_machine["load"]} before, {Machine.Load()} after; commit {Machine.Commit()}");
        if (json is null)
        {
            return;
        }

        var result = new JsonObject
        {
            ["benchmark"] = benchmark,
            ["date"] = _started.ToString("O", System.Globalization.CultureInfo.InvariantCulture),
            ["commandLine"] = string.Join(' ', commandLine.Select(WithoutPassword)),
            ["commit"] = Machine.Commit(),
            ["machine"] = _machine,
            ["loadAfter"] = Machine.Load(),
            ["notes"] = notes,
            ["measurements"] = new JsonArray([.. measurements.Select(x => x.ToJson())]),
            ["rounds"] = new JsonArray([.. rounds.Select(x => x.ToJson())]),
        };
        json.Directory?.Create();
        await File.WriteAllTextAsync(json.FullName, result.ToJsonString(Indented) + Environment.NewLine);
    }

    private static string WithoutPassword(string argument) =>
        argument.Contains("://", StringComparison.Ordinal) || argument.Contains("Host=", StringComparison.OrdinalIgnoreCase) ? "…" : argument;
}

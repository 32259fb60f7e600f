using System.Globalization;
using Pipeline.ToolWorkers;

namespace Pipeline.Benchmarks.Incident;

/// <summary>
/// The tool that fails: while the file <c>dead</c> is there it answers nothing for as long as it is let. Notes each run, so that the
/// calls that reached it can be counted from outside.
/// </summary>
internal sealed class IncidentTool : ITool
{
    public const string ToolName = "failing";
    public const string FolderVariable = "INCIDENT_FOLDER";
    public static readonly TimeSpan Takes = TimeSpan.FromMilliseconds(50);

    private static readonly Lock Notes = new();
    private static readonly string Folder = Environment.GetEnvironmentVariable(FolderVariable) ?? ".";

    public string Name => ToolName;

    public static string DeadFile(string folder) => Path.Combine(folder, "dead");

    public static string RunsFile(string folder) => Path.Combine(folder, "runs");

    public async Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var dead = File.Exists(DeadFile(Folder));
        lock (Notes)
        {
            File.AppendAllText(RunsFile(Folder), string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow():O} {(dead ? "dead" : "alive")}\n"));
        }

        await Task.Delay(dead ? TimeSpan.FromMinutes(10) : Takes, cancellationToken);
        return new ToolOutput("""{"ok":true}""");
    }
}

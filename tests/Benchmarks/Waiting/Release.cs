namespace Pipeline.Benchmarks.Waiting;

/// <summary>What tool and model wait for: a file, because they are processes of their own.</summary>
internal static class Release
{
    public const string FolderVariable = "WAITING_FOLDER";

    private static readonly string Folder = Environment.GetEnvironmentVariable(FolderVariable) ?? ".";

    public static string FileIn(string folder) => Path.Combine(folder, "released");

    public static async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (!File.Exists(FileIn(Folder)))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }
}

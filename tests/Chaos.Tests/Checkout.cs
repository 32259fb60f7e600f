namespace Pipeline.Chaos.Tests;

/// <summary>The checkout that this was built from: its scripts, its samples, and the services that were built beside it.</summary>
internal static class Checkout
{
    /// <summary>A folder with a folder for each published service, used in place of what was built: as they are deployed.</summary>
    private const string PublishedVariable = "PIPELINE_CHAOS_SERVICES";

    public static string Root { get; } = FindRoot();

    /// <summary><c>release</c> or <c>debug</c>: the services are taken from the same build as this assembly.</summary>
    private static string Configuration { get; } = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    public static string Samples => Path.Combine(Root, "samples", "payment-disputes");

    public static string Script(string name) => Path.Combine(Root, "scripts", name);

    public static string Assembly(string project) => Path.Combine(
        Environment.GetEnvironmentVariable(PublishedVariable) is { Length: > 0 } published ? Path.Combine(published, project) : Path.Combine(Root, "artifacts", "bin", project, Configuration),
        $"Pipeline.{project}.dll");

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Pipeline.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException($"No Pipeline.sln above '{AppContext.BaseDirectory}'. Run from a checkout.");
    }
}

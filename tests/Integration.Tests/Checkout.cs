namespace Pipeline.Integration.Tests;

/// <summary>The checkout that these tests were built from.</summary>
internal static class Checkout
{
    public static string Samples { get; } = Path.Combine(FindRoot(), "samples", "payment-disputes");

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Pipeline.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException($"No Pipeline.sln above '{AppContext.BaseDirectory}'. Run the tests from a checkout.");
    }
}

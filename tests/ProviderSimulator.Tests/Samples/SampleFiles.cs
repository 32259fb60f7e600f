using System.Text.Json;

namespace Pipeline.ProviderSimulator.Tests.Samples;

/// <summary>The sample's files, beside the test assembly.</summary>
internal static class SampleFiles
{
    public static string Path(string name) => System.IO.Path.Combine(AppContext.BaseDirectory, "payment-disputes", name);

    public static JsonElement Accounts()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path("accounts.json")));
        return document.RootElement.Clone();
    }

    public static IReadOnlyList<JsonElement> Disputes() =>
    [
        .. File.ReadLines(Path("disputes.jsonl")).Select(line =>
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.Clone();
        }),
    ];
}

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NJsonSchema;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Contracts.Tests.Published;

/// <summary>What is published under docs/contracts is what the code says.</summary>
public sealed partial class PublishedContractTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string Root = FindRoot();

    private static readonly string Folder = Path.Combine(Root, "docs", "contracts");

    [Fact]
    public void The_published_documents_are_those_of_the_code()
    {
        var expected = PublishedSchemas.Messages.ToDictionary(x => $"{x.Name}.schema.json", PublishedSchemas.Of);
        expected["asyncapi.json"] = PublishedAsyncApi.Create();
        if (Environment.GetEnvironmentVariable("PIPELINE_WRITE_CONTRACTS") == "1")
        {
            foreach (var (name, document) in expected)
            {
                File.WriteAllText(Path.Combine(Folder, name), document.ToJsonString(Indented) + "\n");
            }
        }

        const string way = "If the change is meant (additions only), regenerate: PIPELINE_WRITE_CONTRACTS=1 dotnet test tests/Contracts.Tests -c Release --filter PublishedContractTests";
        Assert.All(expected, x =>
        {
            var path = Path.Combine(Folder, x.Key);
            Assert.True(File.Exists(path) && JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(path)), x.Value), $"docs/contracts/{x.Key} is not what the code says. {way}");
        });
        Assert.Empty(Directory.GetFiles(Folder, "*.schema.json").Select(Path.GetFileName).Except(expected.Keys));
    }

    [Fact]
    public void Every_reference_of_the_document_leads_somewhere()
    {
        var document = PublishedAsyncApi.Create();
        var references = Nodes(document).OfType<JsonObject>().Select(x => x["$ref"]).OfType<JsonValue>().Select(x => x.GetValue<string>()).ToList();

        Assert.NotEmpty(references);
        Assert.All(references.Where(x => !x.Contains("/properties/", StringComparison.Ordinal)), x => Assert.NotNull(x[2..].Split('/').Aggregate((JsonNode?)document, (node, name) => node?[name])));
    }

    [Fact]
    public async Task Every_snapshot_of_a_message_fits_its_schema()
    {
        var tried = 0;
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Snapshots"), "*.json"))
        {
            var message = Path.GetFileName(file).Split('.')[0];
            if (PublishedSchemas.Messages.Any(x => x.Name == message))
            {
                await AssertFitsAsync(message, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), file);
                tried++;
            }
        }

        Assert.True(tried >= PublishedSchemas.Messages.Count, $"Only {tried} snapshots were tried.");
    }

    [Fact]
    public async Task Every_submission_and_event_in_the_readme_and_the_samples_fits_its_schema()
    {
        var blocks = JsonBlock().Matches(await File.ReadAllTextAsync(Path.Combine(Root, "README.md"), TestContext.Current.CancellationToken)).Select(x => x.Groups[1].Value).ToList();
        var submissions = blocks.Where(x => x.Contains("\"input\"", StringComparison.Ordinal)).ToList();
        var events = blocks.Where(x => x.Contains("\"event\"", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(submissions);
        Assert.NotEmpty(events);
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(Root, "samples", "payment-disputes", "disputes.jsonl"), TestContext.Current.CancellationToken))
        {
            submissions.Add(JsonNode.Parse(line)!["invocation"]!.ToJsonString());
        }

        foreach (var text in submissions)
        {
            await AssertFitsAsync(nameof(SubmitInvocation), text, text);
        }

        foreach (var text in events)
        {
            await AssertFitsAsync(nameof(InvocationEvent), text, text);
        }
    }

    [Theory]
    [InlineData("""{"tenant":"acme","agent":"a"}""")]
    [InlineData("""{"tenant":"a b","agent":"a","input":"x"}""")]
    [InlineData("""{"tenant":"acme","agent":"a","input":[1]}""")]
    [InlineData("""{"tenant":"acme","agent":"a","input":"x","priority":"soon"}""")]
    public async Task A_wrong_submission_does_not_fit(string text) =>
        Assert.NotEmpty((await SchemaAsync(nameof(SubmitInvocation))).Validate(text));

    private static async Task AssertFitsAsync(string message, string text, string where)
    {
        var errors = (await SchemaAsync(message)).Validate(text);
        Assert.True(errors.Count == 0, $"{where} does not fit {message}: {string.Join("; ", errors)}");
    }

    private static Task<JsonSchema> SchemaAsync(string message) => JsonSchema.FromFileAsync(Path.Combine(Folder, $"{message}.schema.json"), TestContext.Current.CancellationToken);

    private static IEnumerable<JsonNode> Nodes(JsonNode node) => node switch
    {
        JsonObject members => members.Select(x => x.Value).OfType<JsonNode>().SelectMany(Nodes).Prepend(node),
        JsonArray items => items.OfType<JsonNode>().SelectMany(Nodes).Prepend(node),
        _ => [node],
    };

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Pipeline.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException($"No Pipeline.sln above '{AppContext.BaseDirectory}'. Run the tests from a checkout.");
    }

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex JsonBlock();
}

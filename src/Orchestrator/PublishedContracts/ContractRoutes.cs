using System.Reflection;
using Pipeline.Orchestrator.Http;

namespace Pipeline.Orchestrator.PublishedContracts;

/// <summary><c>GET /asyncapi.json</c>: the description of the messages, as it was committed with this version.</summary>
internal static class ContractRoutes
{
    private static readonly byte[] Document = Read();

    // Says nothing of any tenant: what a publisher needs before it has a key.
    public static void MapContracts(this IEndpointRouteBuilder routes) => routes
        .MapGet("/asyncapi.json", () => TypedResults.Bytes(Document, "application/json"))
        .AllowAnonymous()
        .WithSummary("The messages, as an AsyncAPI document.")
        .Answers(StatusCodes.Status200OK, "AsyncAPI 3.0.");

    private static byte[] Read()
    {
        using var resource = Assembly.GetExecutingAssembly().GetManifestResourceStream("asyncapi.json")
            ?? throw new InvalidOperationException("This build has no 'asyncapi.json'. Build it with docs/contracts/asyncapi.json.");
        using var bytes = new MemoryStream();
        resource.CopyTo(bytes);
        return bytes.ToArray();
    }
}

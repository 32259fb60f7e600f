using System.Text.Json;

namespace Pipeline.ProviderSimulator;

/// <summary><c>PUT</c>, <c>GET</c> and <c>DELETE /outage</c>.</summary>
internal static class OutageRoutes
{
    private const int MaxBodyBytes = 4096;

    public static void MapOutage(this IEndpointRouteBuilder routes, Outage outage)
    {
        routes.MapGet("/outage", (RequestDelegate)(context => DescribeAsync(context, outage)));
        routes.MapDelete("/outage", (RequestDelegate)(context =>
        {
            outage.End();
            return DescribeAsync(context, outage);
        }));
        routes.MapPut("/outage", (RequestDelegate)(context => BeginAsync(context, outage)));
    }

    private static async Task BeginAsync(HttpContext context, Outage outage)
    {
        using Protocols.RequestBody? body = await Protocols.RequestBody.ReadAsync(context.Request, MaxBodyBytes, context.RequestAborted);
        IReadOnlyList<string> problems = body switch
        {
            null => [$"the body is longer than {MaxBodyBytes} bytes; send {{\"kind\":\"status\",\"status\":503,\"seconds\":60}}"],
            { Json: null } => [$"the body is not JSON: {body.Error}"],
            _ => outage.Begin(body.Json.RootElement),
        };
        if (problems.Count == 0)
        {
            await DescribeAsync(context, outage);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        await WriteAsync(context, json =>
        {
            json.WriteStartArray("problems");
            foreach (string problem in problems)
            {
                json.WriteStringValue(problem);
            }

            json.WriteEndArray();
        });
    }

    private static Task DescribeAsync(HttpContext context, Outage outage) => WriteAsync(context, json =>
    {
        json.WriteBoolean("active", outage.Current is not null);
        if (outage.Current is { } fault)
        {
            json.WriteString("kind", fault.Kind.ToString());
            json.WriteNumber("status", fault.Status);
            if (outage.Until is { } until)
            {
                json.WriteString("until", until);
            }
        }
    });

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> writeMembers)
    {
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        writeMembers(json);
        json.WriteEndObject();
    }
}

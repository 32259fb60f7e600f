using System.Text.Json;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary><c>GET /v1/models</c> in the shape of the protocol that asks. Free of charge, and not in the ledger.</summary>
internal static class ModelList
{
    /// <summary>What is listed while every model name is accepted.</summary>
    public const string AnyModel = "simulated-model";

    private static readonly DateTimeOffset Created = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static async Task WriteAsync(HttpContext context, IProviderProtocol openAi, IProviderProtocol anthropic, ProviderSimulatorOptions options)
    {
        bool isAnthropic = ProviderSimulatorModule.IsAnthropic(context.Request);
        IProviderProtocol protocol = isAnthropic ? anthropic : openAi;
        var limiters = context.RequestServices.GetRequiredService<Limits.LimiterDirectory>();
        var call = new Call(context.RequestServices.GetRequiredService<IdSource>().Next("req_"), Created, context.RequestServices.GetRequiredService<IdSource>());
        context.Response.Headers[protocol.RequestIdHeader] = call.RequestId;
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        if (limiters.Find(protocol.ReadKey(context.Request), out _) is null)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            protocol.WriteProblem(json, call, new ProviderProblem(Verdict.Unauthenticated, 401));
            return;
        }

        List<string> models = options.Models.Count > 0 ? options.Models : [AnyModel];
        json.WriteStartObject();
        json.WriteStartArray("data");
        foreach (string model in models)
        {
            json.WriteStartObject();
            json.WriteString("id", model);
            if (isAnthropic)
            {
                json.WriteString("type", "model");
                json.WriteString("display_name", model);
                json.WriteString("created_at", Created);
            }
            else
            {
                json.WriteString("object", "model");
                json.WriteNumber("created", Created.ToUnixTimeSeconds());
                json.WriteString("owned_by", "simulator");
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (isAnthropic)
        {
            json.WriteBoolean("has_more", false);
            json.WriteString("first_id", models[0]);
            json.WriteString("last_id", models[^1]);
        }
        else
        {
            json.WriteString("object", "list");
        }

        json.WriteEndObject();
    }
}

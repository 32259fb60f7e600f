using System.Security.Cryptography;
using System.Text.Json;

namespace Pipeline.ToolWorkers.Fallbacks;

/// <summary>The key of a last good result. The tenant is part of it: no tenant is ever answered with another's data.</summary>
internal static class LastGoodKey
{
    public static string Of(string tool, string tenant, JsonElement arguments)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            // One JSON array, so that no tenant can be chosen such that it reads as the end of a tool's name.
            writer.WriteStartArray();
            writer.WriteStringValue(tool);
            writer.WriteStringValue(tenant);
            WriteSorted(writer, arguments);
            writer.WriteEndArray();
        }

        return Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray()));
    }

    // A model does not keep to an order of members.
    private static void WriteSorted(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(x => x.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(member.Name);
                    WriteSorted(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    WriteSorted(writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.Undefined:
                writer.WriteNullValue();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}

using System.Text.Json.Serialization;
using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(LimitOptions))]
[JsonSerializable(typeof(HeaderOptions))]
[JsonSerializable(typeof(ForeignTrafficOptions))]
[JsonSerializable(typeof(IReadOnlyList<LimitPeriod>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class ControlJson : JsonSerializerContext;

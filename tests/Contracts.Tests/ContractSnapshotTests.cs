using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using MassTransit.Serialization;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Contracts.Tests;

/// <summary>
/// What other versions of us, and upstream systems, have written must stay readable: a snapshot is never edited. A member that is added
/// later is optional and gets a snapshot of its own.
/// </summary>
public sealed class ContractSnapshotTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Snapshots");

    private static readonly List<Type> Messages = [.. typeof(SubmitInvocation).Assembly.GetExportedTypes().Where(x => x is { IsClass: true, IsAbstract: false })];

    public static TheoryData<string, string> Snapshots()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in Directory.EnumerateFiles(Folder, "*.json").Select(x => Path.GetFileNameWithoutExtension(x)).Order(StringComparer.Ordinal))
        {
            data.Add(name, "web");
            data.Add(name, "bus");
        }

        return data;
    }

    [Fact]
    public void Every_message_has_a_snapshot_with_every_member()
    {
        Assert.NotEmpty(Messages);
        foreach (var message in Messages)
        {
            var files = Directory.GetFiles(Folder, $"{message.Name}*.json");
            Assert.True(files.Length > 0, $"{message.Name} has no snapshot. Add Snapshots/{message.Name}.json with a value for every member.");
            var known = files.SelectMany(x => JsonNode.Parse(File.ReadAllText(x))!.AsObject().Select(y => y.Key)).ToHashSet();
            Assert.All(message.GetProperties(), x => Assert.True(
                known.Contains(JsonNamingPolicy.CamelCase.ConvertName(x.Name)),
                $"No snapshot of {message.Name} has '{x.Name}'. Add another file, Snapshots/{message.Name}.<number>.json; leave the old ones as they are."));
        }
    }

    [Theory]
    [MemberData(nameof(Snapshots))]
    public void A_snapshot_is_read_and_written_again_with_the_same_names(string name, string options)
    {
        var snapshot = Read(name);

        var again = JsonSerializer.SerializeToNode(snapshot.Deserialize(TypeOf(name), Options(options)), TypeOf(name), Options(options))!.AsObject();

        // A member that is not in the snapshot is a later one; without a value it may be null or absent.
        foreach (var member in again.Where(x => !snapshot.ContainsKey(x.Key)).Select(x => x.Key).ToList())
        {
            again.Remove(member);
        }

        Assert.True(JsonNode.DeepEquals(WithoutNulls(snapshot), WithoutNulls(again)), $"{name} was{Environment.NewLine}{snapshot}{Environment.NewLine}and is now{Environment.NewLine}{again}");
    }

    [Theory]
    [MemberData(nameof(Snapshots))]
    public void Members_that_a_reader_does_not_know_are_ignored(string name, string options)
    {
        var newer = Read(name);
        newer["somethingNew"] = new JsonObject { ["a"] = new JsonArray(1, 2) };

        Assert.NotNull(newer.Deserialize(TypeOf(name), Options(options)));
    }

    [Theory]
    [MemberData(nameof(Snapshots))]
    public void The_members_that_were_required_at_first_are_enough(string name, string options)
    {
        var required = FirstRequired()[TypeOf(name).Name];
        var snapshot = Read(name);
        foreach (var member in snapshot.Select(x => x.Key).Except(required).ToList())
        {
            snapshot.Remove(member);
        }

        Assert.NotNull(snapshot.Deserialize(TypeOf(name), Options(options)));
    }

    [Fact]
    public void No_member_became_required_after_the_first_snapshot()
    {
        var first = FirstRequired();
        foreach (var message in Messages)
        {
            var required = message.GetProperties().Where(x => x.IsDefined(typeof(RequiredMemberAttribute))).Select(x => JsonNamingPolicy.CamelCase.ConvertName(x.Name));
            Assert.Empty(required.Except(first.GetValueOrDefault(message.Name) ?? []).Select(x => $"{message.Name}.{x}"));
        }
    }

    [Fact]
    public void Failure_codes_are_words_that_are_there_once()
    {
        var codes = typeof(FailureCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(x => (string)x.GetRawConstantValue()!).ToList();

        Assert.Equal(codes.Count, codes.Distinct().Count());
        Assert.All(codes, x => Assert.Matches("^[a-z]+(_[a-z]+)*$", x));
    }

    private static JsonSerializerOptions Options(string name) => name == "web" ? JsonSerializerOptions.Web : SystemTextJsonMessageSerializer.Options;

    private static Type TypeOf(string snapshot) => Messages.Single(x => x.Name == snapshot.Split('.')[0]);

    private static JsonObject Read(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")))!.AsObject();

    /// <summary>From RequiredMembers.txt: a message is added with its first snapshot, and its line is never changed.</summary>
    private static Dictionary<string, string[]> FirstRequired() => File.ReadLines(Path.Combine(Folder, "RequiredMembers.txt"))
        .Select(x => x.Split(':', 2))
        .ToDictionary(x => x[0], x => x[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static JsonNode? WithoutNulls(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Where(x => x.Value is not null).Select(x => KeyValuePair.Create(x.Key, WithoutNulls(x.Value)))),
        JsonArray items => new JsonArray([.. items.Select(WithoutNulls)]),
        _ => node?.DeepClone(),
    };
}

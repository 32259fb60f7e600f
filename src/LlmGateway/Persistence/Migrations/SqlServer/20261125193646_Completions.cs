using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pipeline.LlmGateway.Persistence.Migrations.SqlServer
{
    /// <inheritdoc />
    public partial class Completions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "completions",
                columns: table => new
                {
                    InvocationId = table.Column<Guid>(type: "uniqueidentifier", nullable: false),
                    Turn = table.Column<int>(type: "int", nullable: false),
                    Tenant = table.Column<string>(type: "nvarchar(128)", maxLength: 128, nullable: false),
                    Agent = table.Column<string>(type: "nvarchar(128)", maxLength: 128, nullable: false),
                    AskedPool = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    Pool = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    Priority = table.Column<string>(type: "nvarchar(16)", maxLength: 16, nullable: true),
                    State = table.Column<string>(type: "varchar(16)", unicode: false, maxLength: 16, nullable: false),
                    EnqueuedAt = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: false),
                    Deadline = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: false),
                    NotBefore = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: true),
                    Attempt = table.Column<int>(type: "int", nullable: false),
                    PromptTokens = table.Column<int>(type: "int", nullable: false),
                    MaxOutputTokens = table.Column<int>(type: "int", nullable: false),
                    Body = table.Column<byte[]>(type: "varbinary(max)", nullable: true),
                    ResponseAddress = table.Column<string>(type: "nvarchar(1024)", maxLength: 1024, nullable: true),
                    RequestId = table.Column<Guid>(type: "uniqueidentifier", nullable: true),
                    ConversationId = table.Column<Guid>(type: "uniqueidentifier", nullable: true),
                    CorrelationId = table.Column<Guid>(type: "uniqueidentifier", nullable: true),
                    TraceParent = table.Column<string>(type: "varchar(64)", unicode: false, maxLength: 64, nullable: true),
                    Epoch = table.Column<long>(type: "bigint", nullable: false),
                    Answer = table.Column<byte[]>(type: "varbinary(max)", nullable: true),
                    IsFailure = table.Column<bool>(type: "bit", nullable: false),
                    CompletedAt = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: true),
                    AnsweredAt = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_completions", x => new { x.InvocationId, x.Turn });
                });

            migrationBuilder.CreateTable(
                name: "limit_domains",
                columns: table => new
                {
                    Name = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    Epoch = table.Column<long>(type: "bigint", nullable: false),
                    Owner = table.Column<string>(type: "nvarchar(256)", maxLength: 256, nullable: true),
                    Beat = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_limit_domains", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "model_calls",
                columns: table => new
                {
                    InvocationId = table.Column<Guid>(type: "uniqueidentifier", nullable: false),
                    Turn = table.Column<int>(type: "int", nullable: false),
                    Attempt = table.Column<int>(type: "int", nullable: false),
                    Tenant = table.Column<string>(type: "nvarchar(128)", maxLength: 128, nullable: false),
                    Agent = table.Column<string>(type: "nvarchar(128)", maxLength: 128, nullable: false),
                    Pool = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    Domain = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    KeyAlias = table.Column<string>(type: "nvarchar(64)", maxLength: 64, nullable: false),
                    Model = table.Column<string>(type: "nvarchar(200)", maxLength: 200, nullable: false),
                    DispatchedAt = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: false),
                    EndedAt = table.Column<DateTimeOffset>(type: "datetimeoffset", nullable: true),
                    Outcome = table.Column<string>(type: "varchar(32)", unicode: false, maxLength: 32, nullable: false),
                    InputTokens = table.Column<int>(type: "int", nullable: false),
                    OutputTokens = table.Column<int>(type: "int", nullable: false),
                    CachedTokens = table.Column<int>(type: "int", nullable: false),
                    ArrivalTokens = table.Column<long>(type: "bigint", nullable: false),
                    ArrivalInput = table.Column<long>(type: "bigint", nullable: false),
                    ArrivalOutput = table.Column<long>(type: "bigint", nullable: false),
                    ProducedTokens = table.Column<long>(type: "bigint", nullable: false),
                    ProducedInput = table.Column<long>(type: "bigint", nullable: false),
                    ProducedOutput = table.Column<long>(type: "bigint", nullable: false),
                    ReservedTokens = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_model_calls", x => new { x.InvocationId, x.Turn, x.Attempt });
                });

            migrationBuilder.CreateIndex(
                name: "IX_completions_State_CompletedAt",
                table: "completions",
                columns: new[] { "State", "CompletedAt" });

            migrationBuilder.CreateIndex(
                name: "IX_model_calls_DispatchedAt",
                table: "model_calls",
                column: "DispatchedAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "completions");

            migrationBuilder.DropTable(
                name: "limit_domains");

            migrationBuilder.DropTable(
                name: "model_calls");
        }
    }
}
